# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said when a connection does not run a script: of a password for become only where that is what is missing."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible.errors import AnsibleAuthenticationFailure, AnsibleConnectionFailure, AnsibleError
from ansible_collections.evenkeel.drift.plugins.action.snapshot_info import ActionModule
from ansible_collections.evenkeel.drift.plugins.plugin_utils.script_action import NotBecome

HOST_KEY = (
    "Using a SSH password instead of a key is not possible because Host Key checking is enabled.  Please add this "
    "host's fingerprint to your known_hosts file to manage this host."
)
SSHPASS = "to use the password_mechanism=sshpass, you must install the sshpass program"


def said(monkeypatch: pytest.MonkeyPatch, error: AnsibleError, become: str | None = "sudo") -> Exception:
    def execute(**_named: t.Any) -> t.NoReturn:
        raise error

    action = ActionModule.__new__(ActionModule)
    named = None if become is None else types.SimpleNamespace(name=become)
    action._connection = types.SimpleNamespace(become=named, set_option=lambda _name, _value: None)
    monkeypatch.setattr(action, "_execute_module", execute)
    with pytest.raises(AnsibleError) as caught:
        action.run_script("evenkeel.drift.snapshot_info", b"", {})
    return caught.value


@pytest.mark.parametrize(
    ("text", "become", "asks"),
    [
        ("Missing sudo password", "sudo", True),
        ("Incorrect community.general.doas password", "community.general.doas", True),
        ("Premature end of stream waiting for become success.\n>>> Standard Error\na password is required", "su", True),
        ("Failed to set permissions on the temporary files Ansible needs to create when becoming", "su", False),
        (SSHPASS, "sudo", False),
    ],
)
def test_nothing_was_run_and_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, text: str, become: str, asks: bool
) -> None:
    told = said(monkeypatch, AnsibleError(text), become)
    assert isinstance(told, NotBecome)
    assert "; nothing was run there" in str(told)
    assert ("-K" in str(told)) == asks


@pytest.mark.parametrize("become", [None, "sudo", "su"])
def test_a_host_whose_key_is_not_known_cannot_be_reached(monkeypatch: pytest.MonkeyPatch, become: str | None) -> None:
    """Ansible goes by what came back: whether something was run is not said."""
    told = said(monkeypatch, AnsibleError(HOST_KEY), become)
    assert isinstance(told, AnsibleConnectionFailure)
    assert "known_hosts" in str(told)
    assert "nothing was run" not in str(told)


def test_what_has_a_class_of_its_own_is_another_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    error = AnsibleAuthenticationFailure("Invalid/incorrect password")
    assert said(monkeypatch, error) is error
    other = AnsibleError("the module was not found")
    assert said(monkeypatch, other, None) is other
