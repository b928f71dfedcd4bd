# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public variables: defaults, forms and every mistake by name."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.registry import SECTIONS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import MAX_ERRORS, ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import (
    Settings,
    application_of,
    environment_of,
    resolve,
)
from hypothesis import given, settings
from hypothesis import strategies as st

CWD = "/home/me/ops"

CONTRACT: dict[str, t.Any] = {
    "git": {
        "path": "app",
        "branch": "main",
        "clean": False,
        "remotes": ["origin"],
        "severity": {"commit": "low", "stash": "info"},
        "impact": "orders",
        "risk": "business",
    },
    "trees": [
        {
            "name": "source",
            "path": "./src/",
            "exclude": ["logs/", "!keep"],
            "compare": ["mtime", "content"],
            "severity": {"low": ["docs/"], "critical": ["core/**"]},
            "forbid": ["*.working"],
            "must_contain": [{"path": "src/main.py", "pattern": r"create\(", "count": 1, "severity": "low"}],
            "must_not_contain": [{"path": "src/main.py", "pattern": "^import pdb"}],
            "secret": ["*.token"],
            "diff": False,
            "cross_filesystems": True,
            "remedy": "deploy again\nthen restart",
        },
        {"name": "config", "path": "config"},
    ],
}
WAIVER = {
    "section": "trees",
    "subject": "src/*",
    "reason": "known",
    "owner": "ops",
    "expires": "2027-01-31",
}
VARIABLES: dict[str, t.Any] = {"drift_root": "/srv/app", "drift_contract": CONTRACT, "drift_waivers": [WAIVER]}


def good(**values: t.Any) -> Settings:
    return resolve({"drift_root": "/srv/app", **values}, cwd=CWD)


def bad(**values: t.Any) -> str:
    with pytest.raises(ContractError) as caught:
        good(**values)
    return str(caught.value)


def test_only_the_root_is_needed() -> None:
    tree = {
        "name": "source",
        "path": ".",
        "exclude": [],
        "compare": ["content", "mode"],
        "severity": {},
        "forbid": [],
        "must_contain": [],
        "must_not_contain": [],
        "secret": [],
        "imports": None,
        "similar": [],
        "diff": True,
        "cross_filesystems": False,
        "impact": None,
        "owner": None,
        "remedy": None,
        "risk": "system",
    }
    git = {
        "path": ".",
        "branch": None,
        "tag": None,
        "clean": True,
        "remotes": [],
        "secrets_in_history": None,
        "severity": {},
        "impact": None,
        "owner": None,
        "remedy": None,
        "risk": "operational",
    }
    assert good().as_dict() == {
        "environment": "default",
        "application": "app-dae668e4",
        "root": "/srv/app",
        "reference": None,
        "contract": {"git": git, "trees": [tree]},
        "waivers": [],
        "fail_on": "high",
        "sections": ["git", "trees"],
        "output_dir": f"{CWD}/drift-runs",
        "keep_runs": 30,
        "keep_deploys": 100,
        "keep_verifications": 100,
        "keep_rescues": None,
        "run": None,
        "save_baseline": None,
        "signing_key": None,
        "allowed_signers": None,
        "rehash": "auto",
        "rehash_after": 604800,
        "host_timeout": 300,
        "workers": 0,
        "nice": 10,
        "max_diff_kb": 64,
        "allow_commands": False,
        "public_values": [],
        "plan": None,
        "state_dir": None,
    }


@pytest.mark.parametrize("root", [None, "", "unset"])
def test_without_a_root_the_message_says_what_to_do(root: str | None) -> None:
    values = {} if root == "unset" else {"drift_root": root}
    with pytest.raises(ContractError) as caught:
        resolve(values, cwd=CWD)
    assert caught.value.errors == [
        "drift_root: is not set: say where the application lives on the host, e.g. -e drift_root=/srv/app"
    ]


@pytest.mark.parametrize(
    ("values", "field", "expected"),
    [
        ({"drift_repo": "."}, "reference", {"git": {"repo": CWD, "ref": "HEAD"}}),
        (
            {"drift_reference": {"git": {"repo": "../app"}}},
            "reference",
            {"git": {"repo": "/home/me/app", "ref": "HEAD"}},
        ),
        ({"drift_reference": {"host": "local-1"}}, "reference", {"host": "local-1"}),
        ({"drift_reference": {"baseline": "b/x.json"}}, "reference", {"baseline": f"{CWD}/b/x.json"}),
        ({"drift_root": "/srv//app/./"}, "root", "/srv/app"),
        ({"drift_root": "//srv"}, "root", "/srv"),
        ({"drift_keep_runs": "5"}, "keep_runs", 5),
        ({"drift_rehash_after": "36h"}, "rehash_after", 129600),
        ({"drift_host_timeout": "5m"}, "host_timeout", 300),
        ({"drift_host_timeout": "90"}, "host_timeout", 90),
        ({"drift_sections": "trees"}, "sections", ["trees"]),
        ({"drift_sections": "trees, git"}, "sections", ["git", "trees"]),
        ({"drift_sections": ["git"]}, "sections", ["git"]),
        ({"drift_run": "20261121T024500Z-prod-1"}, "run", "20261121T024500Z-prod-1"),
        ({"drift_run": "drift-runs/latest"}, "run", f"{CWD}/drift-runs/latest"),
        ({"drift_signing_key": "/k/id"}, "signing_key", "/k/id"),
        ({"drift_workers": None, "drift_repo": None, "drift_fail_on": ""}, "workers", 0),
        ({"drift_application": "virtuoso"}, "application", "virtuoso"),
    ],
)
def test_forms_that_are_accepted(values: dict[str, t.Any], field: str, expected: t.Any) -> None:
    assert good(**values).as_dict()[field] == expected


def test_home_is_where_it_is_for_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/else")
    assert good(drift_repo="~/app").reference == {"git": {"repo": "/home/else/app", "ref": "HEAD"}}


def test_a_section_without_a_value_has_its_defaults() -> None:
    assert good(drift_contract={"git": None}).contract == {"git": good().contract["git"]}
    assert good(drift_contract={"trees": None}).contract == {"trees": good().contract["trees"]}


def test_text_from_the_command_line_is_read_as_what_is_expected() -> None:
    read = good(drift_contract={"git": {"clean": "no"}, "trees": [{"name": "a", "diff": "False"}]}).contract
    assert (read["git"]["clean"], read["trees"][0]["diff"]) == (False, False)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"drift_contrct": {}}, 'drift_contrct: unknown variable, did you mean "drift_contract"? Known variables: '),
        ({"drift_root": "srv/app"}, "drift_root: expected an absolute path on the host, found"),
        ({"drift_root": 7}, "drift_root: expected absolute path on the host, found the number 7"),
        (
            {"drift_repo": ".", "drift_reference": {"host": "a"}},
            "drift_repo: cannot be set together with drift_reference",
        ),
        ({"drift_repo": "https://example.org/x.git"}, "nothing is fetched, clone it first"),
        ({"drift_repo": "git@example.org:x.git"}, "nothing is fetched, clone it first"),
        ({"drift_reference": "main"}, 'drift_reference: expected a map, found the text "main"'),
        ({"drift_reference": {}}, "drift_reference: expected exactly one of git, host, baseline, found none"),
        (
            {"drift_reference": {"host": "a", "baseline": "b"}},
            "drift_reference: expected exactly one of git, host, baseline, found host and baseline",
        ),
        ({"drift_reference": {"git": {"ref": "main"}}}, "drift_reference.git.repo: is missing"),
        (
            {"drift_reference": {"git": {"repo": ".", "ref": "--upload-pack=x"}}},
            "drift_reference.git.ref: expected a branch, tag or commit",
        ),
        (
            {"drift_fail_on": "hihg"},
            'drift_fail_on: expected one of critical, high, medium, low, never, found the text "hihg"',
        ),
        ({"drift_keep_runs": 0}, "drift_keep_runs: expected a whole number, 1 to 100000, found 0"),
        ({"drift_keep_runs": 2.5}, "drift_keep_runs: expected a whole number, 1 to 100000, found the number 2.5"),
        ({"drift_keep_runs": True}, "drift_keep_runs: expected a whole number, 1 to 100000, found true"),
        ({"drift_rehash_after": "7 days"}, "drift_rehash_after: expected seconds, or a duration like 90s"),
        ({"drift_host_timeout": "0"}, "drift_host_timeout: expected seconds"),
        ({"drift_sections": ["tree"]}, 'drift_sections[0]: unknown section, did you mean "trees"?'),
        (
            {"drift_sections": "config"},
            'drift_sections[0]: unknown section, did you mean "configs"? Known sections: '
            + ", ".join(sorted(SECTIONS)),
        ),
        (
            {"drift_sections": "git", "drift_contract": {"trees": [{"name": "a"}]}},
            "drift_sections: names git, which drift_contract does not have",
        ),
        ({"drift_environment": "../prod"}, "drift_environment: expected a name of letters"),
        ({"drift_application": "a/b"}, "drift_application: expected a name of letters"),
        ({"drift_contract": {}}, "drift_contract: names no section; leave it out to audit git and "),
        ({"drift_contract": []}, "drift_contract: expected a map of sections, found the list []"),
        ({"drift_contract": {"configs": []}}, "drift_contract.configs: expected a list of map, found an empty list"),
        ({"drift_contract": {"gitt": {}}}, 'drift_contract.gitt: unknown section, did you mean "git"?'),
        ({"drift_contract": {"trees": []}}, "drift_contract.trees: expected a list of map, found an empty list"),
        (
            {"drift_contract": {"trees": [{"name": "a"}, {"name": "b", "exlude": []}]}},
            'drift_contract.trees[1].exlude: unknown key, did you mean "exclude"? Known keys: compare, ',
        ),
        (
            {"drift_contract": {"trees": [{"name": "a"}, {"name": "a"}]}},
            'drift_contract.trees[1].name: "a" is already the one of drift_contract.trees[0]',
        ),
        ({"drift_contract": {"trees": [{"path": "a"}]}}, "drift_contract.trees[0].name: is missing"),
        (
            {"drift_contract": {"trees": [{"name": "a", "path": "/etc"}]}},
            "drift_contract.trees[0].path: expected a path below",
        ),
        (
            {"drift_contract": {"trees": [{"name": "a", "path": "a/../.."}]}},
            "drift_contract.trees[0].path: expected a path below",
        ),
        (
            {"drift_contract": {"trees": [{"name": "a", "exclude": "logs/"}]}},
            'drift_contract.trees[0].exclude: expected a list of gitignore pattern, found the text "logs/", write [',
        ),
        ({"drift_contract": {"trees": [{"name": "a", "secret": ["[x"]}]}}, "can never match: a [ has no closing ]"),
        (
            {"drift_contract": {"trees": [{"name": "a", "forbid": ["!x"]}]}},
            "trees[0].forbid[0]: expected a gitignore pattern without !",
        ),
        (
            {"drift_contract": {"trees": [{"name": "a", "must_contain": [{"path": "x", "pattern": "("}]}]}},
            "drift_contract.trees[0].must_contain[0].pattern: expected a regular expression",
        ),
        (
            {
                "drift_contract": {
                    "trees": [{"name": "a", "path": "src", "must_contain": [{"path": "x", "pattern": "y"}]}]
                }
            },
            'drift_contract.trees[0]: must_contain[0].path "x" is not in the tree, which is at src',
        ),
        (
            {"drift_contract": {"git": {"branch": 0o644}}},
            "drift_contract.git.branch: expected text, found the number 420 (YAML reads unquoted 0644",
        ),
        (
            {"drift_contract": {"git": {"branch": True}}},
            "drift_contract.git.branch: expected text, found true (YAML reads unquoted yes",
        ),
        (
            {"drift_contract": {"git": {"branch": "a", "tag": "b"}}},
            "drift_contract.git: branch and tag cannot both be wanted",
        ),
        (
            {"drift_contract": {"git": {"severity": {"comit": "low"}}}},
            'git.severity.comit: unknown key, did you mean "commit"?',
        ),
        ({"drift_contract": {"git": {"owner": "a\nb"}}}, "drift_contract.git.owner: expected text on one line"),
        ({"drift_contract": {"git": {"a b\x1b[31m": 1}}}, 'drift_contract.git["a b\\u001b[31m"]: unknown key'),
        ({"drift_waivers": {}}, "drift_waivers: expected a list of map, found the map {}"),
        (
            {"drift_waivers": [{**WAIVER, "expires": "31.1.2027"}]},
            "drift_waivers[0].expires: expected a date YYYY-MM-DD",
        ),
        (
            {"drift_waivers": [{**WAIVER, "section": "config"}]},
            'drift_waivers[0].section: unknown section, did you mean "configs"?',
        ),
        ({"drift_waivers": [{**WAIVER, "reason": " "}]}, "drift_waivers[0].reason: expected text, found empty text"),
    ],
)
def test_mistakes_are_named(values: dict[str, t.Any], message: str) -> None:
    assert message in bad(**values)


def test_all_mistakes_are_told_at_once_up_to_a_limit() -> None:
    told = bad(drift_keep_runs="x", drift_rot="y", drift_contract={"git": {"cleen": 1}, "gits": {}}).splitlines()
    assert [line.split(": ")[0] for line in told] == [
        "drift_rot",
        "drift_contract.gits",
        "drift_contract.git.cleen",
        "drift_keep_runs",
    ]
    many = bad(drift_contract={"git": {f"k{number:02}": 1 for number in range(30)}}).splitlines()
    assert (len(many), many[-1]) == (MAX_ERRORS + 1, "and 10 more")


def test_other_roles_variables_are_not_ours() -> None:
    values = {"drift_root": "/srv/app", "sync_x": 1, "verify_y": 2, "driftwood": 3, "ansible_host": object()}
    assert resolve(values, cwd=CWD) == good()


@pytest.mark.parametrize(
    ("file", "sources", "expected"),
    [
        ("/i/prod/hosts.yml", ["/i/staging", "/i/prod"], "prod"),
        ("/i/prod/more/hosts", ["/i/prod/"], "prod"),
        ("/i/prod.yml", ["/i/prod.yml"], "prod"),
        ("/i/product/hosts", ["/i/prod", "/i/product"], "product"),
        ("web1,", ["web1,"], "default"),
        (None, [], "default"),
        ("/i/my env.ini", ["/i/my env.ini"], "my-env"),
    ],
)
def test_an_environment_is_named_after_its_inventory(file: str | None, sources: list[str], expected: str) -> None:
    assert environment_of(file, sources) == expected
    assert (
        resolve({"drift_root": "/a"}, cwd=CWD, inventory_file=file, inventory_sources=sources).environment == expected
    )


def test_applications_of_the_same_name_differ_by_path() -> None:
    names = {
        application_of("/srv/app"),
        application_of("/opt/app"),
        application_of("/"),
        application_of("/srv/ a\u00e4"),
    }
    assert sorted(name.rpartition("-")[0] for name in names) == ["a-", "app", "app", "default"]


def test_what_was_validated_is_valid_and_stays_the_same() -> None:
    first = resolve(VARIABLES, cwd=CWD).as_dict()
    second = resolve({f"drift_{name}": value for name, value in first.items()}, cwd="/elsewhere").as_dict()
    assert second == first
    assert json.loads(json.dumps(first)) == first
    assert first["contract"]["trees"][0]["compare"] == ["content", "mtime"]
    assert list(first["contract"]["trees"][0]["severity"]) == ["critical", "low"]


def _maps(value: t.Any, path: tuple[t.Any, ...] = ()) -> t.Iterator[tuple[t.Any, ...]]:
    if isinstance(value, dict):
        yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from _maps(child, (*path, key))


def _at(value: t.Any, path: tuple[t.Any, ...]) -> t.Any:
    for key in path:
        value = value[key]
    return value


MAPS = sorted(_maps({"drift_contract": CONTRACT, "drift_waivers": [WAIVER]}), key=repr)
KEYS = [(path, key) for path in MAPS if path for key in _at(VARIABLES, path)]


@given(place=st.sampled_from(KEYS), letter=st.sampled_from("aqz_"), data=st.data())
@settings(max_examples=200, deadline=None)
def test_a_renamed_or_added_key_is_refused_by_name(
    place: tuple[tuple[t.Any, ...], str], letter: str, data: st.DataObject
) -> None:
    values = copy.deepcopy(VARIABLES)
    path, key = place
    at = data.draw(st.integers(0, len(key)))
    wrong = key[:at] + letter + key[at:]
    holder = _at(values, path)
    holder[wrong] = holder.pop(key) if data.draw(st.booleans()) else 1
    with pytest.raises(ContractError) as caught:
        resolve(values, cwd=CWD)
    spelled = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in (*path, wrong))[1:]
    assert any(error.startswith(f"{spelled}: ") for error in caught.value.errors)


WRONG: dict[type, list[t.Any]] = {
    str: [{"x": 1}, [1], 3, 1.5, True],
    bool: ["maybe", 2, {"x": 1}, [True]],
    int: ["many", 1.5, [1], {"x": 1}, False],
    list: [{"x": 1}, 3, "text", True],
    dict: ["text", 3, ["x"], False],
}


@given(place=st.sampled_from(KEYS), data=st.data())
@settings(max_examples=200, deadline=None)
def test_a_value_of_the_wrong_type_is_refused_by_its_key(
    place: tuple[tuple[t.Any, ...], str], data: st.DataObject
) -> None:
    values = copy.deepcopy(VARIABLES)
    path, key = place
    holder = _at(values, path)
    holder[key] = data.draw(st.sampled_from(WRONG[type(holder[key])]))
    with pytest.raises(ContractError) as caught:
        resolve(values, cwd=CWD)
    assert any(f".{key}" in error.split(": ")[0] for error in caught.value.errors)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["git", "trees", "name", "path", "exclude", "severity", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(contract=ANYTHING, waivers=ANYTHING, reference=ANYTHING)
@settings(max_examples=200, deadline=None)
def test_anything_is_either_valid_or_a_contract_error(contract: t.Any, waivers: t.Any, reference: t.Any) -> None:
    values = {"drift_contract": contract, "drift_waivers": waivers, "drift_reference": reference}
    try:
        read = good(**values)
    except ContractError as error:
        assert error.errors
        assert all(" " in sentence and sentence.isprintable() for sentence in error.errors)
    else:
        assert json.dumps(read.as_dict())
