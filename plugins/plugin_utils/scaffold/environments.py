# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventories of a new control directory: one group an environment, each with a host that can be audited at once.
Private to the collection.
"""

from __future__ import annotations

ENVIRONMENTS = ("local", "staging", "prod")

_HOSTS = """\
---
# One group an environment, named like it, and host names that no other environment uses:
# so several can be audited together, -i local -i staging -i prod.
{name}:
  hosts:
    # Stands for a host of yours: it is this machine, and what is audited is the folder example.
    {name}-1:
      ansible_connection: local
      ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"
    ## {name}-2:
      ## ansible_host: {address}
      ## ansible_user: audit
"""

_ADDRESSES = {"local": "192.0.2.10", "staging": "192.0.2.20", "prod": "192.0.2.30"}

_VARIABLES = """\
---
# What must be true of the hosts in group {name}. Names that begin with drift_ belong to evenkeel.drift, so a misspelled
# one is an error. A line with "##" is an example: take the "## " away to use it.

# Explicit, so that it stays when this folder is renamed.
drift_environment: {name}

# Where the application lives on the hosts. Relative paths in the contract start there.
drift_application: example
drift_root: "{{{{ inventory_dir }}}}/../example"

# What the hosts are compared with; one of these. Nothing is fetched: a clone is taken as it is.
drift_reference:
  baseline: "{{{{ inventory_dir }}}}/../baselines/example.json"
  ## git: {{repo: "{{{{ inventory_dir }}}}/../../app", ref: main}}
  ## host: {other}-1

# From this severity on a host fails; anything that could not be seen fails it, too.
drift_fail_on: high

{contract}"""

_SHORT = """\
# Only the sections that are named here are audited. prod/group_vars/prod.yml has an example of every section.
drift_contract:
  trees:
    - name: source
      # gitignore patterns of what is left out.
      exclude: ["venv*/", logs/, "__pycache__/"]
      # "mode" compares permissions, too; the example may have been copied with others.
      compare: [content]
"""

_LONG = r"""# Only the sections that are named here are audited.
drift_contract:
  trees:
    - name: source
      path: .
      # gitignore patterns of what is left out; what a git reference's own .gitignore names is left out as well.
      exclude: ["venv*/", logs/, "__pycache__/"]
      # "mode" compares permissions, too; the example may have been copied with others.
      compare: [content]
      # The worst level that matches a path counts; medium when none does.
      severity:
        critical: ["*.py"]
        low: ["docs/**"]
      # Must not exist, not even where git ignores it.
      forbid: ["**/*.working", "**/*.orig"]
      # A fix that must be there, and what it replaced.
      must_contain:
        - {path: app.py, pattern: '^INTERVAL_S = \d+$', count: 1}
      must_not_contain:
        - {path: app.py, pattern: 'verify=False'}
      # Imports that resolve neither in the tree, nor in this virtual environment, nor in the standard library.
      ## imports: {venv: venv, ignore: [optional_module]}
      # Who cares, and why: shown with each finding. Every entry of every section can say this.
      impact: Signals are computed by other code than was tested
      owner: the example's team

  # The repository on the host, read as data: no git runs there.
  ## git: {branch: main, clean: true, remotes: [origin]}

  # "match" is a regular expression, searched in the arguments joined by one blank; instances: 0 means "must not run".
  ## processes:
    ## - name: app
      ## match: 'python\S* .*app\.py'
      ## instances: 1
      ## user: app
      ## cwd: .
      ## venv: venv
      ## unit: app.service
      # Started before the newest file of this tree was changed: deployed is not running.
      ## not_older_than: source
      # Configuration that is read at start.
      ## reads: [config/settings.ini]
      ## severity: {instances: critical}

  ## ports:
    ## - {port: 8001, process: app, bind: 127.0.0.1}
    ## - {port: 23, closed: true}
    ## - {range: "8000-8009", only_declared: true}

  ## units:
    ## - {name: app.service, active: true, enabled: true, max_restarts: 3}

  # Over the engine's socket, with nothing but questions.
  ## containers:
    ## require_compose: true
    ## max_restarts: 0
    ## memory_mb: {market-data: 70}
    ## expected: [{name: market-data, running: true}]

  ## compose:
    ## - {project: bot, directory: deploy, files: [docker-compose.yml, docker-compose.prod.yml]}

  ## packages:
    ## - {venv: venv, requirements: requirements.txt}
    ## - {system: dpkg, names: {openssl: "3.*", curl: "*"}}

  # Key by key: what must be as in the reference, what may differ, and what must, such as the token of production.
  ## configs:
    ## - path: config/settings.ini
      ## keys: {app.interval_s: {min: 1, max: 60}, "logging.*": may_differ}
      ## default: must_match
      ## translate: {"market-data:8001": "127.0.0.1:8001"}
    ## - path: .env
      ## keys: {BOT_TOKEN: must_differ, LOG_LEVEL: may_differ, DEBUG: must_be_absent, "*_PASSWORD": must_be_present}
      ## read_by: [{process: app}]

  ## resources:
    ## memory_percent: {warn: 80, fail: 95}
    ## disk_percent: {warn: 80, fail: 95}
    ## load_per_core: {warn: 2, fail: 4}
    ## clock_skew_s: {warn: 5, fail: 60}

  # A password stays on the host, in the file where the application has it.
  ## streams:
    ## - redis: 127.0.0.1:6379
      ## password_from: {file: .env, key: REDIS_PASSWORD}
      ## stream: trade.intent
      ## group: executor
      ## max_lag: 100
      ## must_progress_within_s: 30
    ## - {memcached: "127.0.0.1:11211"}

  ## endpoints:
    ## - {name: health, url: "http://127.0.0.1:8001/health", under_ms: 500, json: {status: healthy}}
    ## - {name: signals, url: "http://127.0.0.1:8001/api/signals", fresh: {path: "signals[0].timestamp", within_s: 300}}
    # An alert channel is looked at and never used.
    ## - {name: alerts, webhook: {file: .env, key: DISCORD_WEBHOOK_URL}, kind: discord}

  ## logs:
    ## - name: main
      ## path: logs/main.log
      ## since: 2h
      ## forbid: [TypeError, KeyError]
      ## interval: {pattern: 'cycle complete', max_s: 20}

  # The one section that runs something of yours: not without drift_allow_commands: true.
  ## commands:
    ## - {name: version, run: [app, --version], contains: "1.4"}

  # The stages that an event passes; the report marks the first one that is broken.
  ## pipeline:
    ## - {stage: market data, of: "endpoints:health"}
    ## - {stage: execution, of: ["streams:trade.intent", "processes:app"]}

  # The services of the report, by category.
  ## catalogue: {core: ["processes:*", "containers:*"], infrastructure: ["units:*"]}

  # By what evenkeel.drift.verify decides after a change; without these each section is a criterion.
  ## criteria:
    ## - name: The fix is deployed and runs
      ## checks: [{section: trees}, {section: processes, check: code}]
    ## - {name: The API answers, checks: [{section: endpoints}]}

# Differences that are accepted until a date; after it they count again.
## drift_waivers:
  ## - {section: trees, subject: "docs/*", environment: prod, reason: being rewritten, owner: ops, expires: 2027-01-31}
"""


def files() -> dict[str, str]:
    """Return the inventories, text by path relative to the control directory."""
    found = {}
    for name in ENVIRONMENTS:
        other = "staging" if name == "prod" else "prod"
        contract = _LONG if name == "prod" else _SHORT
        found[f"{name}/hosts.yml"] = _HOSTS.format(name=name, address=_ADDRESSES[name])
        found[f"{name}/group_vars/{name}.yml"] = _VARIABLES.format(name=name, other=other, contract=contract)
    return found
