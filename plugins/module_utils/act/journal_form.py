# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a journal says, apart from the disk: its name, its seal, what an operator is told of it. Pure. Private to the
collection.
"""

from __future__ import annotations

import hashlib
import json
import re
import typing as t

SCHEMA = "evenkeel.drift/journal/1"
BEGIN, COMMIT, DONE, BACK = "begin", "commit", "done", "back"
NAME = re.compile(r"journal\.(begin|commit|done|back)\.([0-9]+)\.json\Z")
SERVICES = "services.json"
"""What is left to do of a change whose files are in place (``services/journal.py``), sealed as a journal is."""
ROLLBACK = "rollback.json"
"""What is left to do of a rollback: what follows its files, and these too unless it says that they are in place."""
ROLLBACK_BEGUN = "begun"
"""The phase of a rollback of which it is not known whether its files are in place."""
STOPPED = "stopped.json"
"""Which containers are stopped while volumes are copied."""
STOPPED_PHASE = "stopped"
"""The phase of a backup that left containers stopped."""
IDLE = ("none", "stays")
"""How steps are done at whose paths nothing happens (``steps.py``)."""

Json = t.Dict[str, t.Any]


def summary(document: Json, phase: str, tries: int) -> Json:
    """Return what an operator is told of a journal's document."""
    acting = [step["path"] for step in document["steps"] if step["how"] not in IDLE]
    return {
        **{key: document["about"].get(key) for key in ("kind", "who", "why", "run", "id")},
        "journal": document["id"],
        "started": document["started"],
        "root": document["root"],
        "phase": phase,
        "tries": tries,
        "paths": len(acting),
    }


def sealed(document: Json) -> Json:
    """Return a document as it is kept, with its digest."""
    return {"schema": SCHEMA, "sha256": _digest(document), "document": document}


def opened(kept: t.Any) -> Json:
    """Return the document of a journal as it is kept. Raises ValueError unless it is what was written."""
    if not isinstance(kept, dict) or not isinstance(kept.get("document"), dict):
        raise ValueError("it is no journal")
    if kept.get("schema") != SCHEMA:
        raise ValueError(f"it is written as {kept.get('schema')}, and this version reads {SCHEMA}")
    document: Json = kept["document"]
    if _digest(document) != kept.get("sha256"):
        raise ValueError("its content is not what was written")
    return document


def _digest(document: Json) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode("ascii")).hexdigest()
