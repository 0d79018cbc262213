"""The hopeless pairs of a run on disk, and the letters of its texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.engines.arrow import decoded, numbers
from dedupe.hashing import outside, thin
from dedupe.pipeline.evidence import letters_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.engines.spill import Spill


class SpilledHopeless:
    """As :class:`dedupe.pipeline.hopeless.HeldHopeless`, in table ``hopeless`` of a database."""

    def __init__(self, spill: Spill) -> None:
        self._spill = spill
        self._spill.do("create or replace table hopeless (code bigint)")

    def __bool__(self) -> bool:
        """Whether there are any."""
        return self._spill.count("hopeless") > 0

    def add(self, codes: NDArray[np.int64]) -> None:
        """Put some pairs aside."""
        self._spill.put("hopeless", {"code": codes})

    def rest(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of some pairs that were not put aside."""
        self._spill.put("asked", {"code": codes})
        query = "select code from hopeless semi join asked using (code)"
        return outside(self._read(query, "asked"), codes)

    def among(self, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The pairs of which both records are wanted."""
        self._spill.put("wanted", {"record": np.flatnonzero(wanted)})
        query = (
            "select code from hopeless "
            "semi join wanted one on code >> 32 = one.record "
            "semi join wanted other on code & 4294967295 = other.record"
        )
        return self._read(query, "wanted")

    def codes(self) -> NDArray[np.int64]:
        """All of them."""
        return self._read("select code from hopeless")

    def _read(self, query: str, *asked: str) -> NDArray[np.int64]:
        """The codes of a query, each once and sorted here: the database sorts in more memory."""
        parts = [numbers(batch["code"]) for batch in self._spill.stream(query)]
        for table in asked:
            self._spill.do(f"drop table {table}")
        return thin(np.concatenate([np.zeros(0, np.int64), *parts]))


def fetch_letters(
    spill: Spill, field: int, kinds: NDArray[np.int64], numbered: str
) -> dict[int, str]:
    """What of the texts of some kinds is compared by characters, by kind.

    ``numbered`` is the setting named numbers.
    """
    spill.put("wanted", {"kind": kinds})
    query = f"select kind, text from kinds_{field} semi join wanted using (kind)"
    found: dict[int, str] = {}
    for batch in spill.stream(query):
        texts = [decoded(text) for text in batch["text"].to_pylist()]
        found.update(zip(numbers(batch["kind"]).tolist(), letters_of(texts, numbered), strict=True))
    spill.do("drop table wanted")
    return found
