"""What a run came to, as JSON for ``--stats``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from dedupe.cli.version import version
from dedupe.formats import CLUSTERS, SIGNATURES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dedupe.settings import Settings
    from dedupe.stories import Tally


def manifest(
    command: str, settings: Settings, tally: Tally, outcome: Mapping[str, object]
) -> bytes:
    """All that one needs to tell two runs apart, with a final newline."""
    facts = {
        "version": version(),
        "formats": {"signatures": SIGNATURES, "clusters": CLUSTERS},
        "command": command,
        "settings": settings.manifest(),
        "input": asdict(tally),
        **outcome,
    }
    return json.dumps(facts, indent=2).encode() + b"\n"
