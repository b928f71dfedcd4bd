# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our side: audits from each state of the cache that a user meets."""

from __future__ import annotations

import typing as t
from pathlib import Path

from clock import Case
from corpus import Corpus
from workshop import TREES, Workshop

MANIFEST = "audit that makes the manifest"
UNREFERENCED = "first audit, no reference"
FIRST, SECOND = "first audit", "second audit"
FULL_FIRST, FULL_SECOND = "first audit, git and trees", "second audit, git and trees"
APPLICATION = "first audit, 2,000 files"
LIGHT = "first audit, no reference, half the bytes"


def _host(root: Path, reference: Path | None, contract: t.Mapping[str, t.Any] | None) -> dict[str, t.Any]:
    host: dict[str, t.Any] = {"drift_root": str(root)}
    if reference is not None:
        host["drift_reference"] = {"git": {"repo": str(reference), "ref": "main"}}
    if contract is not None:
        host["drift_contract"] = dict(contract)
    return host


def _trees_only(corpus: Corpus) -> dict[str, t.Any]:
    return _host(corpus.host, corpus.reference, TREES)


def cases(shop: Workshop, probed: bool = False) -> list[Case]:
    """Return the audits in an order in which each finds the cache as its name says."""
    tree, application = shop.tree, shop.application

    def case(name: str, inventory: str, host: dict[str, t.Any], first: bool) -> Case:
        path = shop.inventory(inventory, {inventory: host}, probed)
        return Case(name, shop.audit(path), shop.forget_hosts if first else None, shop.check_in_sync)

    full = _host(tree.checkout, tree.reference, None)
    return [
        case(UNREFERENCED, "unreferenced", _host(tree.host, None, TREES), True),
        case(FIRST, "referenced", _trees_only(tree), True),
        case(SECOND, "referenced", _trees_only(tree), False),
        case(FULL_FIRST, "full", full, True),
        case(FULL_SECOND, "full", full, False),
        case(APPLICATION, "application", _trees_only(application), True),
        case(LIGHT, "light", _host(shop.light.host, None, TREES), True),
    ]


def sections(name: str) -> tuple[str, ...]:
    """Return the sections that an audit asks a host for."""
    return ("git", "trees") if name in (FULL_FIRST, FULL_SECOND) else ("trees",)


def manifest(shop: Workshop) -> Case:
    """Return the audit with an empty cache: it checks the commit out and reads it before it looks at the host."""
    path = shop.inventory("referenced", {"referenced": _trees_only(shop.tree)})
    return Case(MANIFEST, shop.audit(path), shop.forget_all, shop.check_in_sync)


def application_manifest(shop: Workshop) -> Case:
    path = shop.inventory("application", {"application": _trees_only(shop.application)})
    return Case(MANIFEST, shop.audit(path), None, shop.check_in_sync)


def fleet(shop: Workshop, count: int) -> Case:
    """Return an audit of many hosts with a small tree each."""
    hosts = {f"host{number:03}": _trees_only(shop.small) for number in range(count)}
    return Case(f"{count} hosts", shop.audit(shop.inventory("fleet", hosts)), shop.forget_hosts, shop.check_in_sync)


def large_hosts(shop: Workshop, count: int) -> Case:
    """Return an audit of some hosts with the large tree each, all of them equal to the reference."""
    hosts = {f"large{number:02}": _trees_only(shop.tree) for number in range(count)}
    path = shop.inventory(f"large{count}", hosts)
    return Case(f"{count} hosts of 100,000 files", shop.audit(path), shop.forget_hosts, shop.check_in_sync)
