"""The numbers of the formats that must not change silently between releases.

A golden digest (``tests/test_reproducible.py``) notices a change, and is written anew only under a
higher number. The file format of an index has its own, in ``dedupe.index.schema``.
"""

from __future__ import annotations

SIGNATURES = 4
"""How a text is normalised, hashed and cut into keys; an older index must be compacted."""
CLUSTERS = 4
"""How cluster ids are made, and which records of one input share one."""
