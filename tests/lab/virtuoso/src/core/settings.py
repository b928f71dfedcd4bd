# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of config/virtuoso.ini, and the log that every program writes."""

from __future__ import annotations

import configparser
import logging
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]


def settings() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    with open(HOME / "config" / "virtuoso.ini", encoding="utf-8") as file:
        parser.read_file(file)
    return parser


def logger(name: str) -> logging.Logger:
    """Return a logger that writes to logs/<name>.log."""
    folder = HOME / "logs"
    folder.mkdir(exist_ok=True)
    logging.basicConfig(
        filename=folder / f"{name}.log",
        level=logging.INFO,
        format="%(asctime)s.%(msecs)03d [%(levelname)s] %(name)s - %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
    )
    return logging.getLogger(name)
