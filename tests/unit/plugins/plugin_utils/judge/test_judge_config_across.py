# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that must differ between environments, and secrets that are in several places."""

from __future__ import annotations

import hashlib
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_across import checks
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_seen import SeenConfigs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.hosts import HostInputs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Scope
from config_environments import Json, brief, compose, config, entry, found, inputs, key, secret, service
from hypothesis import given
from hypothesis import strategies as st

TOKEN = "1234567890:AAtoken-of-some-bot"
OTHER = "9876543210:BBtoken-of-another"
APART = entry({"BOT_TOKEN": "must_differ"})
LOOSE = entry({"LOG_LEVEL": "may_differ"})


def host(environment: str, contract: t.Any, *keys: Json, name: str = "", **more: t.Any) -> HostInputs:
    return inputs(environment, contract, [config(*keys, **more)], name)


def test_a_value_that_must_differ_and_does_not_is_told_on_each_host() -> None:
    hosts = [host(name, APART, secret("BOT_TOKEN", TOKEN)) for name in ("local", "prod")]
    hosts.append(host("staging", APART, secret("BOT_TOKEN", OTHER)))
    made = found(*hosts)
    assert [(one.host, one.outcome, one.severity, one.cause) for one in made] == [
        ("local-1", "fail", "high", "same_value"),
        ("prod-1", "fail", "high", "same_value"),
        ("staging-1", "pass", "high", None),
    ]
    assert made[1].summary == (
        "BOT_TOKEN of .env on prod-1 must differ from other environments, and prod has the same value as "
        "local (local-1)"
    )
    assert made[1].observed == {
        "environments": ["local", "prod"],
        "same_as": [{"environment": "local", "hosts": ["local-1"], "total": 1}],
    }
    assert made[1].subject == ".env:BOT_TOKEN"
    files = [[path.partition("#")[0].split("/")[1] for path in one.evidence] for one in made]
    assert files == [["local-1", "prod-1"], ["prod-1", "local-1"], ["staging-1", "local-1", "prod-1"]]
    assert TOKEN not in str(made)


def test_of_a_file_that_is_another_environments_so_many_keys_are_told_and_the_others_counted() -> None:
    keys = [secret(f"TOKEN_{number:03}", f"{number}:AAtoken-of-some-bot") for number in range(60)]
    made = found(*(host(name, entry({"*": "must_differ"}), *keys) for name in ("local", "prod")))
    ours = [one for one in made if one.host == "prod-1" and one.check == "must_differ"]
    assert [one.subject for one in ours[-2:]] == [".env:TOKEN_049", ".env:*"] and len(ours) == 51
    assert ours[-1].summary == (
        "10 more keys of .env on prod-1 must differ from other environments, and prod has the same values as local: "
        "TOKEN_050, TOKEN_051, TOKEN_052, TOKEN_053, TOKEN_054 and 5 more"
    )
    assert ours[-1].observed["total"] == 10


def test_the_rule_of_one_environment_holds_for_the_other_too() -> None:
    hosts = [host("prod", APART, key("BOT_TOKEN", TOKEN)), host("local", LOOSE, key("BOT_TOKEN", TOKEN))]
    assert [one[:2] for one in brief(*hosts)] == [("local-1", "must_differ"), ("prod-1", "must_differ")]


@pytest.mark.parametrize(
    "others",
    [
        pytest.param([], id="alone"),
        pytest.param([host("prod", APART, name="prod-2")], id="the same environment"),
        pytest.param([inputs("local", entry(name="other.env"), [])], id="another file"),
    ],
)
def test_what_has_nothing_to_differ_from_is_not_exercised(others: list[HostInputs]) -> None:
    (check,) = found(host("prod", APART, key("BOT_TOKEN", TOKEN)), *others)
    assert (check.check, check.subject, check.outcome) == ("must_differ", ".env", "not_exercised")
    assert check.summary == (
        "BOT_TOKEN of .env on prod-1 must differ from other environments, and there is none in this run that has it"
    )


def test_what_was_held_against_a_reference_is_exercised() -> None:
    scope = Scope(Context("prod", "prod-1"), "configs", ".env", {}, "operational")
    seen = SeenConfigs()
    seen.add(
        host("prod", APART, key("BOT_TOKEN", TOKEN)), [scope.passed("must_differ", ".env:BOT_TOKEN", "high", "x")], {}
    )
    assert checks(seen) == []


def test_a_finding_says_who_reads_the_value() -> None:
    of = compose(service("bot", env_files=[".env"]))
    hosts = [
        inputs(name, APART, [config(secret("BOT_TOKEN", TOKEN), secret(name, OTHER))], compose=of)
        for name in ("local", "prod")
    ]
    for check in found(*hosts):
        assert check.observed["read_by"] == ["service bot (compose bot)"]
        assert check.impact == "Read by service bot (compose bot)."
    assert {one.check for one in found(*hosts)} == {"must_differ", "reused"}


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (inputs("local", APART, reason="the time limit passed"), "local-1: the time limit passed"),
        (host("local", APART, outcome="unknown", reason="permission denied"), "local-1: permission denied"),
        (host("local", APART, partial="line 7 is not understood"), "local-1: line 7 is not understood"),
        (host("local", APART, cut=3), "local-1: 3 more keys are not listed"),
        (host("local", APART, key("BOT_TOKEN", "x", digest=None)), "BOT_TOKEN cannot be compared"),
    ],
)
def test_what_was_not_seen_leaves_it_unknown(other: HostInputs, reason: str) -> None:
    made = [one for one in found(host("prod", APART, key("BOT_TOKEN", TOKEN)), other) if one.host == "prod-1"]
    assert [(one.check, one.subject, one.outcome) for one in made] == [("must_differ", ".env", "unknown")]
    assert reason in made[0].summary
    assert made[0].observed == {"keys": ["BOT_TOKEN"], "total": 1}


def test_one_host_that_has_the_value_is_enough() -> None:
    one = host("local", APART, key("BOT_TOKEN", OTHER))
    two = host("local", APART, key("BOT_TOKEN", TOKEN), name="local-2")
    three = inputs("local", APART, host="local-3", reason="gone")
    assert brief(host("prod", APART, key("BOT_TOKEN", TOKEN)), one, two, three) == [
        ("local-1", "must_differ", ".env", "pass"),
        ("local-2", "must_differ", ".env:BOT_TOKEN", "fail"),
        ("prod-1", "must_differ", ".env:BOT_TOKEN", "fail"),
    ]


def test_one_secret_under_two_names_is_one_finding() -> None:
    made = found(host("prod", LOOSE, secret("API_KEY", TOKEN), secret("DB_PASSWORD", TOKEN), key("A", TOKEN)))
    assert [(one.check, one.subject, one.severity, one.cause) for one in made] == [
        ("reused", ".env:API_KEY", "medium", "reused_secret")
    ]
    assert made[0].summary == "The secret .env:API_KEY on prod-1 (prod) is also .env:DB_PASSWORD on this host"


@pytest.mark.parametrize("flag", ["weak", "placeholder", "empty"])
def test_what_many_have_is_no_secret_that_is_reused(flag: str) -> None:
    keys = [secret(name, TOKEN, **{flag: True}) for name in ("API_KEY", "DB_PASSWORD")]
    assert brief(host("prod", LOOSE, *keys), host("local", LOOSE, *keys)) == []


def test_the_same_name_in_another_spelling_is_no_other_name() -> None:
    two = [entry(), entry(name="web", path=None, container="web"), entry(name="c.yml", path="c.yml")]
    files = [
        config(secret("BOT_TOKEN", TOKEN)),
        config(secret("BOT_TOKEN", TOKEN), name="web", kind="container", path=None),
        config(secret("bot.token", TOKEN), name="c.yml"),
    ]
    assert brief(inputs("prod", two, files)) == []


def test_another_host_of_the_environment_may_have_the_secret() -> None:
    hosts = [host("prod", LOOSE, secret("API_KEY", TOKEN), name=f"prod-{number}") for number in (1, 2)]
    assert brief(*hosts) == []


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        (LOOSE, LOOSE, ["reused", "reused"]),
        (entry(default="must_match"), entry(default="must_match"), ["reused", "reused"]),
        (entry({"API_*": "may_differ"}), LOOSE, ["reused", "reused"]),
        (entry({"API_*": "may_differ"}), entry({"API_KEY": "must_match"}), []),
        (entry({"API_KEY": "must_be_present"}), entry({"API_KEY": "must_be_present"}), ["reused", "reused"]),
        (entry({"API_KEY": "must_differ"}), LOOSE, ["must_differ", "must_differ"]),
    ],
)
def test_only_what_both_contracts_declare_may_be_in_two_environments(
    mine: Json, theirs: Json, expected: list[str]
) -> None:
    hosts = [host("local", mine, secret("API_KEY", TOKEN)), host("prod", theirs, secret("API_KEY", TOKEN))]
    assert [one[1] for one in brief(*hosts)] == expected


def test_a_secret_of_another_environment_under_another_name_is_found() -> None:
    made = found(host("local", APART, secret("BOT_TOKEN", TOKEN)), host("prod", APART, secret("TEST_TOKEN", TOKEN)))
    reused = [one for one in made if one.check == "reused"]
    assert [one.summary for one in reused] == [
        "The secret .env:BOT_TOKEN on local-1 (local) is also in prod as .env:TEST_TOKEN",
        "The secret .env:TEST_TOKEN on prod-1 (prod) is also in local as .env:BOT_TOKEN",
    ]
    assert reused[0].observed == {
        "places": [{"environment": "prod", "hosts": ["prod-1"], "total": 1, "subject": ".env:TEST_TOKEN"}],
        "total": 1,
    }


def test_a_container_that_has_the_value_of_its_file_is_not_told_again() -> None:
    contract = [APART, entry(name="web", path=None, container="web")]
    hosts = [
        inputs(name, contract, [config(secret("BOT_TOKEN", TOKEN)), config(secret("BOT_TOKEN", TOKEN), name="web")])
        for name in ("local", "prod")
    ]
    assert [one[:2] for one in brief(*hosts)] == [("local-1", "must_differ"), ("prod-1", "must_differ")]


def test_the_evidence_of_a_secret_in_two_places_is_both() -> None:
    made = found(host("prod", LOOSE, secret("A_TOKEN", TOKEN)), host("local", LOOSE, secret("B_TOKEN", TOKEN)))
    assert {tuple(one.evidence) for one in made if one.check == "reused"} == {
        ("evidence/prod-1/configs.json#.env/.env:A_TOKEN", "evidence/local-1/configs.json#.env/.env:B_TOKEN"),
        ("evidence/local-1/configs.json#.env/.env:B_TOKEN", "evidence/prod-1/configs.json#.env/.env:A_TOKEN"),
    }


def test_all_places_of_a_secret_are_one_sentence() -> None:
    keys = [secret("API_KEY", TOKEN), secret("DB_PASSWORD", TOKEN)]
    hosts = [host("prod", LOOSE, *keys), host("staging", LOOSE, *keys), host("local", LOOSE, secret("OWN_KEY", TOKEN))]
    assert [one.summary for one in found(*hosts)] == [
        "The secret .env:OWN_KEY on local-1 (local) is also in prod, staging as .env:API_KEY, .env:DB_PASSWORD",
        "The secret .env:API_KEY on prod-1 (prod) is also .env:DB_PASSWORD on this host, and in local as .env:OWN_KEY; "
        "in staging",
        "The secret .env:API_KEY on staging-1 (staging) is also .env:DB_PASSWORD on this host, and in local as "
        ".env:OWN_KEY; in prod",
    ]


def test_an_identical_file_of_secrets_is_one_finding() -> None:
    """The reports that this project began with called an identical .env on laptop and production a good sign."""
    keys = [secret("API_KEY", TOKEN), secret("API_SECRET", OTHER), secret("MODE", "testnet")]
    hosts = [host(name, entry(default="must_match"), *keys, secret=True, digest="d" * 64) for name in ("local", "prod")]
    made = found(*hosts)
    assert [(one.host, one.check, one.subject, one.severity) for one in made] == [
        ("local-1", "identical", ".env", "high"),
        ("prod-1", "identical", ".env", "high"),
    ]
    assert made[1].summary == (
        ".env on prod-1 (prod) is the same, byte for byte, as in local (local-1): 2 secrets of it are not of this "
        "environment alone"
    )


@pytest.mark.parametrize(("said", "expected"), [(None, []), (True, ["reused", "reused"])])
def test_in_a_file_that_is_secret_by_its_name_the_keys_tell_what_is(said: bool | None, expected: list[str]) -> None:
    contract = entry(secret=said)
    hosts = [host(name, contract, secret("APP_ADDRESS", "app.example.org"), secret=True) for name in ("local", "prod")]
    assert [one[1] for one in brief(*hosts)] == expected


def test_a_copied_file_counts_what_must_differ_too_and_is_not_told_twice() -> None:
    keys = [secret("BOT_TOKEN", TOKEN), secret("DB_PASSWORD", OTHER), secret("PG_PASSWORD", OTHER)]
    made = found(*(host(name, APART, *keys, secret=True, digest="d" * 64) for name in ("local", "prod")))
    mine = [one for one in made if one.host == "prod-1"]
    assert [(one.check, one.subject) for one in mine] == [
        ("must_differ", ".env:BOT_TOKEN"),
        ("identical", ".env"),
        ("reused", ".env:DB_PASSWORD"),
    ]
    assert mine[1].observed["secrets"] == 2
    assert mine[2].summary == "The secret .env:DB_PASSWORD on prod-1 (prod) is also .env:PG_PASSWORD on this host"


def test_an_identical_file_without_secrets_of_its_own_is_none() -> None:
    keys = [secret("MODE", "testnet"), secret("API_KEY", TOKEN)]
    contract = entry({"API_KEY": "may_differ"})
    hosts = [host(name, contract, *keys, secret=True, digest="d" * 64) for name in ("local", "prod")]
    assert brief(*hosts) == []


def test_the_contract_gives_the_severity_and_the_owner() -> None:
    contract = {**APART, "severity": {"must_differ": "critical"}, "owner": "trading", "impact": "Real orders."}
    made = found(*(host(name, contract, key("BOT_TOKEN", TOKEN)) for name in ("local", "prod")))
    assert {(one.severity, one.owner, one.impact) for one in made} == {("critical", "trading", "Real orders.")}


def test_the_order_of_the_hosts_does_not_matter() -> None:
    hosts = [
        host(name, APART, secret("BOT_TOKEN", TOKEN), secret("A", OTHER), secret("B", OTHER))
        for name in ("local", "prod", "staging")
    ]
    assert found(*hosts) == found(*hosts[::-1])
    assert len({one.id for one in found(*hosts)}) == len(found(*hosts))


_VALUES = st.dictionaries(
    st.sampled_from(["BOT_TOKEN", "API_KEY", "DB_PASSWORD", "bot.token", "MODE"]),
    st.sampled_from([TOKEN, OTHER, ""]),
)
_CONTRACTS = st.sampled_from(
    [APART, LOOSE, entry(default="must_match"), entry({"*": "may_differ"}), entry({"API_*": "must_match"})]
)
_HOSTS = st.lists(
    st.tuples(st.sampled_from(["local", "prod", "staging"]), _CONTRACTS, _VALUES, st.sampled_from(["", "cut", "gone"])),
    max_size=6,
)


@given(_HOSTS, st.randoms())
def test_whatever_the_hosts_have_each_finding_is_one_and_shows_no_digest(drawn: t.Any, random: t.Any) -> None:
    hosts = []
    for number, (environment, contract, values, seen) in enumerate(drawn):
        keys = [secret(name, value) for name, value in values.items()]
        digest = hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()
        whole = {"secret": True, "digest": digest, "cut": int(seen == "cut")}
        configs = [] if seen == "gone" else [config(*keys, **whole)]
        hosts.append(inputs(environment, contract, configs, f"h{number}", "gone" if seen == "gone" else ""))
    made = found(*hosts)
    assert len({one.id for one in made}) == len(made)
    said = str([one.as_dict() for one in made])
    for value in (TOKEN, OTHER):
        assert value not in said and secret("A", value)["digest"] not in said
    random.shuffle(hosts)
    assert sorted(one.id for one in found(*hosts)) == sorted(one.id for one in made)
    assert {one.id: one for one in found(*hosts)} == {one.id: one for one in made}


@given(_HOSTS)
def test_no_value_that_must_differ_passes_where_another_environment_has_it_or_may_have_it(drawn: t.Any) -> None:
    hosts = []
    for number, (environment, _contract, values, seen) in enumerate(drawn):
        keys = [secret(name, value) for name, value in values.items()]
        if seen == "gone":
            hosts.append(inputs(environment, APART, host=f"h{number}", reason="gone"))
        else:
            hosts.append(host(environment, APART, *keys, name=f"h{number}", cut=int(seen == "cut")))
    outcomes = {(one.host, one.check): one.outcome for one in found(*hosts) if one.check == "must_differ"}
    for number, (environment, _contract, values, seen) in enumerate(drawn):
        token = values.get("BOT_TOKEN")
        if not token or seen == "gone":
            continue
        others = [one for one in drawn if one[0] != environment]
        same = any(one[3] != "gone" and one[2].get("BOT_TOKEN") == token for one in others)
        doubt = any(one[3] == "gone" or (one[3] == "cut" and "BOT_TOKEN" not in one[2]) for one in others)
        wanted = "fail" if same else "unknown" if doubt else "pass" if others else "not_exercised"
        assert outcomes[(f"h{number}", "must_differ")] == wanted
