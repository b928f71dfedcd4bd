# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a secret class are known by their names, in gitignore's sense, and a contract can add to them."""

from __future__ import annotations

import re

import pathspec
import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import (
    DEFAULT_SECRET_FILES,
    is_secret_file,
    secret_name_regex,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_selection
from hypothesis import given
from hypothesis import strategies as st

SECRET = [
    ".env",
    ".env.production",
    "prod.env",
    "server.pem",
    "tls.key",
    "store.p12",
    "cert.pfx",
    "app.jks",
    "app.keystore",
    "id_rsa",
    "id_ed25519",
    "id_deploy",
    "id_rsa.bak",
    "id_rsa.pem",
    ".netrc",
    ".pgpass",
    ".my.cnf",
    ".npmrc",
    ".pypirc",
    ".htpasswd",
    ".git-credentials",
    "vault.kdbx",
    "credentials",
    "credentials.json",
    "secrets.yml",
    "secrets.yaml",
    "secrets.json",
    ".vault_pass",
    ".vault_pass.txt",
    "my_vault_pass.sh",
    "token.json",
    "service-account.json",
    "service-account-prod.json",
    ".dockercfg",
    "kubeconfig",
    "shadow",
    ".bash_history",
    "ID_RSA",
    "Server.PEM",
    ".ENV",
]
PLAIN = [
    "id_rsa.pub",
    "id_ed25519.pub",
    "id_map.py",
    "id_card.txt",
    "env.py",
    "environment.yml",
    "keys.py",
    "monkey.py",
    "keyboard.md",
    "token.py",
    "tokens.json",
    "secrets.py",
    "config.json",
    "settings.json",
    "README.md",
    "shadow.css",
    "credentials.py",
    "main.py",
    "my.env.py",
    "history",
    "pem",
    "key.txt",
    "key",
    "docker-compose.yml",
]


@pytest.mark.parametrize("folder", ["", "a/", "deploy/prod/", ".ssh/"])
@pytest.mark.parametrize("name", SECRET)
def test_secret_names(name: str, folder: str) -> None:
    assert is_secret_file(folder + name)


@pytest.mark.parametrize("folder", ["", "a/", ".env/", "secrets/", "id_rsa/"])
@pytest.mark.parametrize("name", PLAIN)
def test_plain_names(name: str, folder: str) -> None:
    assert not is_secret_file(folder + name)


def test_a_name_with_its_folder() -> None:
    assert is_secret_file(".docker/config.json")
    assert is_secret_file("home/app/.docker/config.json")
    assert not is_secret_file("docker/config.json")


def test_a_newline_hides_nothing() -> None:
    assert is_secret_file("a\n.pem")
    assert is_secret_file("id_rsa\n")
    assert not is_secret_file("x.pem\n.py")


def git_says(path: str) -> bool:
    lowered = [pattern.lower() for pattern in DEFAULT_SECRET_FILES]
    return bool(pathspec.GitIgnoreSpec.from_lines(lowered).match_file(path.lower()))


@pytest.mark.parametrize("name", [*SECRET, *PLAIN])
def test_the_expression_says_what_the_patterns_say(name: str) -> None:
    assert is_secret_file(name) == git_says(name)


STEMS = st.sampled_from(
    [
        "id_",
        "rsa",
        "ed25519",
        "deploy",
        ".",
        "pub",
        "py",
        "pem",
        "key",
        "env",
        "secrets",
        "yml",
        "json",
        "vault",
        "_pass",
        "token",
        "x",
        "-",
        "prod",
        "service-account",
        "credentials",
    ]
)


@given(st.lists(STEMS, min_size=1, max_size=5).map("".join).filter(lambda name: name.strip(".")))
def test_the_expression_says_what_the_patterns_say_about_any_name(name: str) -> None:
    assert is_secret_file(f"top/{name}") == git_says(f"top/{name}")


def test_the_expression_captures_nothing() -> None:
    assert re.compile(secret_name_regex()).groups == 0


def compiled(*patterns: str) -> Patterns:
    return Patterns(compile_selection(patterns))


def test_the_contract_decides_where_it_says_something() -> None:
    extra = compiled("deploy/*.yml", "!tests/**/*.pem", "!.env.example")
    assert is_secret_file("deploy/prod.yml", extra)
    assert not is_secret_file("other/prod.yml", extra)
    assert not is_secret_file("tests/data/ca.pem", extra)
    assert not is_secret_file(".env.example", extra)
    assert is_secret_file("ca.pem", extra)
    assert is_secret_file(".env", extra)
