# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check is, and the closed lists of words that it may use. Private to the collection.

``docs/findings.schema.json`` has the same lists; a test keeps the two equal.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import typing as t

SECTIONS = (
    "git",
    "trees",
    "processes",
    "ports",
    "units",
    "containers",
    "compose",
    "packages",
    "configs",
    "endpoints",
    "logs",
    "streams",
    "resources",
    "commands",
)
RUN = "run"
"""The section of what concerns the run itself: hosts that were not observed, references that could not be made."""

OUTCOMES = ("pass", "observation", "fail", "unknown", "not_exercised", "waived")
STATES = ("differs", "missing", "unexpected", "failed", "unknown")
DIRECTIONS = ("host_ahead", "reference_ahead", "both", "none")
CAUSES = (
    "behind",
    "ahead",
    "diverged",
    "edited_on_host",
    "both_changed",
    "only_on_host",
    "never_deployed",
    "deleted_on_host",
    "mode_changed",
    "uncommitted_work",
    "lfs_pointer",
    "unknown_commit",
    "no_commits",
    "wrong_branch",
    "wrong_tag",
    "no_remote",
    "not_on_remote",
    "operation_in_progress",
    "odd_owner",
    "forbidden",
    "rule_broken",
    "no_repository",
    "unseen",
    "reference_failed",
    "waiver_expired",
    "waiver_unused",
    "unreachable",
    "observation_failed",
    "timed_out",
    "garbled_answer",
    "contract_invalid",
    "stale_process",
    "stale_configuration",
    "stale_unit",
    "stale_environment",
    "other_environment",
    "two_environments",
    "not_running",
    "too_few",
    "too_many",
    "wrong_user",
    "wrong_directory",
    "unsupervised",
    "restarted",
    "not_listening",
    "wrong_address",
    "wrong_process",
    "port_conflict",
    "undeclared_listener",
    "not_active",
    "not_enabled",
    "needs_reload",
    "not_installed",
    "wrong_version",
    "undeclared_package",
    "broken_metadata",
    "over_threshold",
    "clock_skew",
    "unresolved_import",
    "too_similar",
    "hosts_differ",
    "unhealthy",
    "restarting",
    "oom_killed",
    "exited",
    "outside_compose",
    "layer_changed",
    "image_moved",
    "undeclared_container",
    "missing_service",
    "extra_service",
    "wrong_scale",
    "setting_differs",
    "lost_on_restart",
    "unresolved_name",
    "exposed",
    "no_stream",
    "no_group",
    "no_consumer",
    "wrong_type",
    "lagging",
    "stalled",
    "idle_consumer",
    "pending_entries",
    "missing_field",
    "stuck_value",
    "wrong_status",
    "too_slow",
    "wrong_content",
    "stale_data",
    "too_few_items",
    "certificate_expires",
    "not_answering",
    "forbidden_pattern",
    "missing_pattern",
    "too_many_errors",
    "slow_interval",
    "out_of_range",
    "no_log",
    "command_failed",
    "not_allowed",
    "not_configured",
    "malformed",
    "not_distinct",
    "missing_file",
    "missing_key",
    "forbidden_key",
    "value_differs",
    "empty_value",
    "placeholder",
    "duplicate_key",
    "unclassified_keys",
    "same_value",
    "reused_secret",
    "secret_in_history",
    "interrupted_change",
)
CELLS = ("in_sync", "differs", "missing", "expected", "constrained", "unknown", "not_asked")
VERDICTS = ("in_sync", "drift", "unknown")
RISKS = ("business", "system", "operational")
REMEDIES = (
    "review_and_commit",
    "rescue",
    "deploy",
    "restore",
    "remove",
    "fix_mode",
    "switch",
    "finish_operation",
    "configure_remote",
    "push",
    "create_repository",
    "fix_access",
    "fix_contract",
    "fix_reference",
    "renew_waiver",
    "remove_waiver",
    "investigate",
    "restart",
    "stop_instance",
    "start",
    "supervise",
    "rebind",
    "declare",
    "enable",
    "reload_units",
    "install",
    "rebuild_environment",
    "free_resources",
    "set_clock",
    "fix_code",
    "align_hosts",
    "recreate",
    "fix_service",
    "restart_consumer",
    "fix_endpoint",
    "renew_certificate",
    "read_log",
    "fix_setting",
    "allow_commands",
    "rotate_secret",
)
WAIVER_STATES = ("used", "expired", "unused", "not_asked")

Details = t.Mapping[str, t.Any]


def finding_id(environment: str, host: str, section: str, component: str, check: str, subject: str) -> str:
    """Return the 16 hex digits under which the same thing is known in every run."""
    identity = json.dumps([environment, host, section, component, check, subject], separators=(",", ":"))
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclasses.dataclass(frozen=True)
class Check:
    """One judged question about one thing.

    ``remedy`` is ``{kind, text, commands?}``; ``evidence`` are paths in the run folder.
    """

    environment: str
    host: str
    section: str
    component: str
    check: str
    subject: str
    outcome: str
    severity: str
    summary: str
    state: str | None = None
    direction: str = "none"
    cause: str | None = None
    expected: Details = dataclasses.field(default_factory=dict)
    observed: Details = dataclasses.field(default_factory=dict)
    impact: str = ""
    risk: str = "operational"
    owner: str = ""
    remedy: Details | None = None
    evidence: tuple[str, ...] = ()
    waiver: Details | None = None
    first_seen: str | None = None

    @functools.cached_property
    def id(self) -> str:
        """The stable id: see `finding_id`."""
        return finding_id(self.environment, self.host, self.section, self.component, self.check, self.subject)

    @property
    def is_finding(self) -> bool:
        """Whether the check did not pass. A waived one is no finding."""
        return self.outcome not in ("pass", "waived")

    def as_dict(self) -> dict[str, t.Any]:
        """Return the check as it stands in findings.json: a passed one is brief, a waived one as full as a finding."""
        shown = {name: getattr(self, name) for name in (_BRIEF if self.outcome == "pass" else _FULL)}
        shown["evidence"] = list(self.evidence)
        return shown


_BRIEF = (
    "id",
    "environment",
    "host",
    "section",
    "component",
    "check",
    "subject",
    "outcome",
    "severity",
    "summary",
    "expected",
    "observed",
    "evidence",
)
_FULL = ("id", *(field.name for field in dataclasses.fields(Check)))
