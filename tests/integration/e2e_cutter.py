# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cuts the SSH connections of the host that it runs in, at a moment: run inside a host of the lab, on standard input.

Arguments: the moment (``session``: when somebody is connected; ``journal``: when a change has its journal), how many
milliseconds after it, the way (``session``: the server's processes of the connection end; ``all``: and so does what
they started; ``drop``: nothing comes through any more; ``reboot``: none of these, who asked pulls the plug), and the
folder of states. Prints what was cut, as JSON.
"""

import contextlib
import json
import os
import subprocess
import sys
import time

LIMIT_S = 240


def processes():
    """Return the parent and the name of each process."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                name, rest = file.read().partition("(")[2].rsplit(")", 1)
        except OSError:
            continue
        found[int(pid)] = (int(rest.split()[1]), name)
    return found


def sessions():
    return [pid for pid, (_parent, name) in processes().items() if name == "sshd-session"]


def journals(states):
    return [
        name
        for folder in (os.listdir(states) if os.path.isdir(states) else ())
        for name in os.listdir(os.path.join(states, folder))
        if name.startswith("journal.")
    ]


def below(tops):
    """Return all that descends from some processes, themselves included."""
    known, found = processes(), list(tops)
    for pid in found:
        found += [child for child, (parent, _name) in known.items() if parent == pid and child not in found]
    return found


def end(pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 9)


def main(moment, after_ms, way, states):
    begun = time.monotonic()
    reached = sessions if moment == "session" else lambda: journals(states)
    while not reached():
        if time.monotonic() - begun > LIMIT_S:
            raise SystemExit("the moment never came")
        time.sleep(0.001)
    time.sleep(int(after_ms) / 1000)
    # Between two tasks nobody is connected.
    while not (found := sessions()):
        if time.monotonic() - begun > LIMIT_S:
            break
        time.sleep(0.001)
    phase = journals(states)
    if way == "drop":
        for chain, port in (("INPUT", "--dport"), ("OUTPUT", "--sport")):
            subprocess.run(["iptables", "--wait", "-I", chain, "-p", "tcp", port, "22", "-j", "DROP"], check=True)
    elif way != "reboot":
        end(below(found) if way == "all" else found)
    print(json.dumps({"sessions": len(found), "journal": phase}))


if __name__ == "__main__":
    main(*sys.argv[1:])
