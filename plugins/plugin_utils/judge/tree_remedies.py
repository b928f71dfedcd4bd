# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do about a path that drifted. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy, saving
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.tree_cause import Cause


def differs(cause: Cause, reference: str) -> dict[str, t.Any]:
    """Return the remedy for a path that both sides have."""
    if cause.cause == "lfs_pointer":
        return remedy("deploy", f"Deploy {reference} with the content of its LFS files.")
    if cause.cause == "mode_changed":
        if cause.direction == "reference_ahead":
            return remedy("fix_mode", f"Deploy the mode of {reference}.")
        return remedy("fix_mode", f"Decide which mode is meant, then set it on the host or commit it to {reference}.")
    if cause.direction == "reference_ahead":
        return remedy("deploy", f"Deploy {reference}: this path holds no change of the host's own.")
    if cause.direction == "host_ahead":
        return saving("review_and_commit", f"Review the change, commit it if it is wanted, then deploy {reference}.")
    if cause.direction == "both":
        return saving("review_and_commit", f"Review both sides, merge and commit the result, then deploy {reference}.")
    return saving("investigate", f"Find out which side is newer before {reference} is deployed.")


def unexpected(cause: Cause, reference: str) -> dict[str, t.Any]:
    """Return the remedy for a path that only the host has."""
    if cause.direction == "reference_ahead":
        return remedy("deploy", f"Deploy {reference}, which has removed this path; the host's copy is unchanged.")
    if cause.direction in ("host_ahead", "both"):
        return saving(
            "review_and_commit", "Review it: commit it if it is wanted, ignore it if it is data, remove it otherwise."
        )
    return saving("investigate", "Find out where it comes from: commit it, ignore it or remove it.")


def missing(cause: Cause, reference: str) -> dict[str, t.Any]:
    """Return the remedy for a path that only the reference has."""
    if cause.cause == "deleted_on_host":
        return remedy("restore", f"Find out why it was deleted, then restore it from {reference}.")
    return remedy("deploy", f"Deploy {reference}.")
