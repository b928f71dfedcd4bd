# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The detectors of detect-secrets, where that is installed beside ansible-core: an extra. Private to the collection.

Used are those for tokens of a known form. Its guesses, by entropy, by a keyword beside the value or by the look of an
address, are left out: over a whole history they would bury what is certain.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import typing as t

_CERTAIN = frozenset(
    {
        *("ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "CloudantDetector", "IbmCosHmacDetector"),
        *(
            "DiscordBotTokenDetector",
            "GitHubTokenDetector",
            "GitLabTokenDetector",
            "IbmCloudIamDetector",
            "NpmDetector",
        ),
        *("JwtTokenDetector", "MailchimpDetector", "OpenAIDetector", "PypiTokenDetector", "SendGridDetector"),
        *("SlackDetector", "SoftlayerDetector", "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector"),
        "TwilioKeyDetector",
    }
)
_LONGEST = 16 * 1024


class Detector(t.Protocol):
    """What is used of a plugin of detect-secrets."""

    secret_type: str

    def analyze_string(self, string: str) -> t.Iterable[str]:
        """Yield the secrets in a line."""


class Detectors:
    """Finds what the installed detect-secrets knows; without one, ``version`` is empty and nothing is found."""

    def __init__(self) -> None:
        self.version = ""
        self._plugins: list[Detector] = []
        try:
            known = importlib.import_module("detect_secrets.core.plugins.util").get_mapping_from_secret_type_to_class()
        except (ImportError, AttributeError):
            # It is not there, or of a version that is arranged in another way.
            return
        self.version = importlib.metadata.version("detect-secrets")
        chosen = (known[kind] for kind in sorted(known) if known[kind].__name__ in _CERTAIN)
        self._plugins = [plugin() for plugin in chosen]

    def find(self, text: str) -> t.Iterator[tuple[str, str]]:
        """Yield the kind and the value of each secret. Of a longer line than 16 KiB the beginning is searched."""
        if not self._plugins:
            return
        for line in text.split("\n"):
            for plugin in self._plugins:
                for value in plugin.analyze_string(line[:_LONGEST]):
                    yield plugin.secret_type, value
