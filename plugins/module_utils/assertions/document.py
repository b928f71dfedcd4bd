# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A JSON text that a host's program gave, read within limits. Private to the collection."""

from __future__ import annotations

import json
import typing as t

_DIGITS = 300


class NotJson(ValueError):
    """A text is no JSON. The message says why."""


def read_json(text: bytes) -> t.Any:
    """Return the document of a text in UTF-8. Raises NotJson.

    Python would also take ``NaN``, and would need minutes for a number of a million digits; its parser gives up on what
    is nested too deeply.
    """
    if not text.strip():
        raise NotJson("it is empty")
    try:
        return json.loads(text.decode("utf-8-sig"), parse_constant=_constant, parse_int=_integer)
    except UnicodeDecodeError as error:
        raise NotJson(f"byte {error.start + 1} is no UTF-8") from None
    except RecursionError:
        raise NotJson("it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"{error.msg.lower()} in line {error.lineno}, column {error.colno}") from None


def _constant(name: str) -> t.Any:
    raise NotJson(f"{name} is no JSON number")


def _integer(digits: str) -> float:
    # float() of too many digits is infinite: larger than any limit, equal to nothing that a contract can say.
    return int(digits) if len(digits) <= _DIGITS else float(digits)
