"""A labelling session: which pair is asked about, and what each answer does."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedupe.judge.ledger import Ledger
    from dedupe.judge.uncertain import Doubt
    from dedupe.reading.labels import Label


class Session:
    """Goes through pairs in order, forth and back; pairs that have a label are not asked again."""

    def __init__(self, doubts: Sequence[Doubt], held: Sequence[Label], ledger: Ledger) -> None:
        known = {label.pair for label in held}
        self._queue = [doubt for doubt in doubts if doubt.pair not in known]
        self._answers: list[str | None] = []
        """The label of each pair gone through, None where it was passed over."""
        self._before = Counter(label.label for label in held)
        self._ledger = ledger

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def place(self) -> int:
        """How many pairs lie behind."""
        return len(self._answers)

    @property
    def doubt(self) -> Doubt | None:
        """The pair that is asked about; None at the end."""
        return self._queue[self.place] if self.place < len(self._queue) else None

    @property
    def given(self) -> int:
        """How many labels this session gave."""
        return sum(answer is not None for answer in self._answers)

    @property
    def totals(self) -> Counter[str]:
        """How many of each label the file holds now."""
        return self._before + Counter(filter(None, self._answers))

    def answer(self, label: str) -> None:
        """Write the label of the pair at hand and go on; raises OutputError."""
        doubt = self._queue[self.place]
        self._ledger.add(doubt.a, doubt.b, label, doubt.score)
        self._answers.append(label)

    def skip(self) -> None:
        """Go on without a label; a later session asks again."""
        self._answers.append(None)

    def back(self) -> bool:
        """Return to the pair before and take its label back; False at the first pair."""
        if not self._answers:
            return False
        if self._answers[-1] is not None:
            self._ledger.undo()
        self._answers.pop()
        return True
