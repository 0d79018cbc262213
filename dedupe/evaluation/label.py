"""Choose uncertain pairs for a person to label, and append the labels to a file."""

from __future__ import annotations

import json
import os
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import unpack
from dedupe.errors import InputError, OutputError
from dedupe.io.files import output_errors
from dedupe.io.ids import record_names
from dedupe.io.labels import read_labels
from dedupe.models import DIGITS
from dedupe.scoring.model import log_odds_of, probability

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.evaluation.open_corpus import OpenCorpus, Progress
    from dedupe.io.labels import Label


class Session:
    """A walk through pairs, forth and back; pairs that have a label are not asked again."""

    def __init__(
        self, doubts: Sequence[UncertainPair], labels: Sequence[Label], label_file: LabelFile
    ) -> None:
        known = {label.pair for label in labels}
        self._queue = [doubt for doubt in doubts if doubt.pair not in known]
        self._answers: list[str | None] = []
        """The label of each pair so far, None for a skipped one."""
        self._before = Counter(label.label for label in labels)
        self._label_file = label_file

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def position(self) -> int:
        """Return how many pairs lie behind."""
        return len(self._answers)

    @property
    def doubt(self) -> UncertainPair | None:
        """Return the pair that is asked about; None at the end."""
        return self._queue[self.position] if self.position < len(self._queue) else None

    @property
    def given(self) -> int:
        """Return how many labels this session gave."""
        return sum(answer is not None for answer in self._answers)

    @property
    def totals(self) -> Counter[str]:
        """Return how many of each label the file holds now."""
        return self._before + Counter(filter(None, self._answers))

    def answer(self, label: str) -> None:
        """Write the label of the pair at hand and go on; raises OutputError."""
        doubt = self._queue[self.position]
        self._label_file.add(doubt.a, doubt.b, label, doubt.score)
        self._answers.append(label)

    def skip(self) -> None:
        """Skip the pair; a later session asks again."""
        self._answers.append(None)

    def back(self) -> bool:
        """Return to the pair before and take its label back; False at the first pair."""
        if not self._answers:
            return False
        if self._answers[-1] is not None:
            self._label_file.undo()
        self._answers.pop()
        return True


BINARY = getattr(os, "O_BINARY", 0)
"""Windows would write other line endings."""
BUSY = "another dedupe label is writing to it"


class LabelFile:
    """JSONL that only grows, and shrinks by ``undo``; each change is on disk when it returns."""

    def __init__(self, path: str, descriptor: int) -> None:
        self._path = path
        self._file = descriptor
        self._starts: list[int] = []
        """Where each line that this session wrote begins."""

    def add(self, a: str, b: str, label: str, score: float) -> None:
        """Append one label; raises OutputError, and the file is as it was before."""
        line = json.dumps({"a": a, "b": b, "label": label, "score": round(score, DIGITS)})
        start = os.lseek(self._file, 0, os.SEEK_END)
        try:
            with output_errors(self._path):
                write_fully(self._file, line.encode() + b"\n")
                os.fsync(self._file)
        except OutputError:
            os.ftruncate(self._file, start)
            raise
        self._starts.append(start)

    def undo(self) -> None:
        """Remove the last label that this session wrote."""
        with output_errors(self._path):
            os.ftruncate(self._file, self._starts.pop())
            os.fsync(self._file)


@contextmanager
def open_label_file(path: str) -> Iterator[tuple[LabelFile, list[Label]]]:
    """Open a file of labels to add to, and read its labels; it stays locked until the block ends.

    Half a line at the end, left by a crash, is dropped. Raises InputError for a file that holds
    something else, OutputError for one that cannot be written or is in use.
    """
    with output_errors(path):
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | BINARY, 0o666)
    try:
        lock_file(path, file)
        repair_last_line(path, file)
        labels = read_labels(path)
        with output_errors(path):
            sync_folder(path)
        yield LabelFile(path, file), labels
    finally:
        if not os.fstat(file).st_size:
            Path(path).unlink(missing_ok=True)
        os.close(file)


def lock_file(path: str, file: int) -> None:
    """Lock the file against other sessions; raises OutputError."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OutputError(path, BUSY) from None
    except OSError:
        return  # a file system without locks: better to go on than to refuse


def repair_last_line(path: str, file: int) -> None:
    """Make the file end in a whole line; raises InputError where it is not JSONL to begin with."""
    with output_errors(path):
        data = Path(path).read_bytes()
    if data and not data.lstrip().startswith(b"{"):
        raise InputError(path, 1, "not JSONL labels; name another file to write to")
    rest = data[data.rfind(b"\n") + 1 :]
    if not rest:
        return
    with output_errors(path):
        if is_json(rest):
            write_fully(file, b"\n")
        else:
            os.ftruncate(file, len(data) - len(rest))


def is_json(line: bytes) -> bool:
    """Return whether a line is complete."""
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def write_fully(file: int, data: bytes) -> None:
    """Write every byte, or raise OSError."""
    while data:
        data = data[os.write(file, data) :]


def sync_folder(path: str) -> None:
    """Write the file's name to disk, where the system can open a folder."""
    if os.name == "nt":
        return
    folder = os.open(Path(path).parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


FLOOR = 0.02
BAND = 0.1
MOST = 20_000
"""Pairs that are kept at most; nobody labels more."""
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class UncertainPair:
    """A pair worth a label: both positions, both names, and the score."""

    left: int
    right: int
    a: str
    b: str
    score: float

    @property
    def pair(self) -> tuple[str, str]:
        """Return the two names in the order of :attr:`dedupe.io.labels.Label.pair`."""
        return (self.a, self.b) if self.a <= self.b else (self.b, self.a)


@dataclass(frozen=True, slots=True)
class ScoredPairs:
    """Pairs of records as columns: both positions, and the score."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    scores: NDArray[np.float64]


def uncertain_pairs(opened: OpenCorpus, progress: Progress) -> list[UncertainPair]:
    """Return the pairs of a corpus in the order in which to ask about them."""
    corpus, settings = opened.corpus, opened.settings
    least = min(FLOOR, settings.threshold / 2)
    opened.matcher.least = min(opened.matcher.least, log_odds_of(least))
    leaders = opened.cluster(progress).leaders
    pairs = known_pairs(opened, least)
    order = question_order(pairs, corpus.digests, settings.threshold)[:MOST]
    order = spread_over_clusters(order, pairs, leaders)
    names = record_names(corpus)
    left, right = pairs.left[order].tolist(), pairs.right[order].tolist()
    scores = pairs.scores[order].tolist()
    return [
        UncertainPair(one, other, names[one], names[other], score)
        for one, other, score in zip(left, right, scores, strict=True)
    ]


def known_pairs(opened: OpenCorpus, least: float) -> ScoredPairs:
    """Return the pairs that a run compared and that score so much at the least."""
    matcher = opened.matcher
    left, right = unpack(matcher.pairs.keys)
    scores = probability(matcher.pairs.log_odds + matcher.adjust(left, right))
    own = np.flatnonzero(scores >= least)
    one, other = matcher.records[left[own]], matcher.records[right[own]]
    return ScoredPairs(np.minimum(one, other), np.maximum(one, other), scores[own])


def question_order(
    pairs: ScoredPairs, digests: NDArray[np.uint64], threshold: float
) -> NDArray[np.int64]:
    """Return the pairs by score bands around the threshold, in turn, the nearer bands more often.

    The k-th pair of the d-th band away from the threshold comes in turn (k + 1) * (d + 1); within
    a band chance decides, by the digests of the records.
    """
    bands = np.floor((pairs.scores - threshold) / BAND).astype(np.int64)
    # The bands -1 and 0 both touch the threshold.
    away = np.where(bands < 0, -1 - bands, bands)
    draw = pair_lottery(digests[pairs.left], digests[pairs.right])
    order = np.lexsort((draw, bands))
    _, firsts = np.unique(bands[order], return_index=True)
    sizes = np.diff(np.append(firsts, len(order)))
    turns = np.empty(len(order), dtype=np.int64)
    turns[order] = np.arange(len(order)) - np.repeat(firsts, sizes)
    return np.lexsort((draw, away, (turns + 1) * (away + 1)))


def pair_lottery(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a number for each pair that looks drawn by lot and is the same on every run."""
    return shuffle_numbers(shuffle_numbers(left) + shuffle_numbers(right))


def shuffle_numbers(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix the bits of numbers (Fibonacci hashing, twice)."""
    mixed = numbers * GOLDEN
    mixed ^= mixed >> np.uint64(29)
    return np.asarray(mixed * GOLDEN)


def spread_over_clusters(
    order: NDArray[np.int64], pairs: ScoredPairs, leaders: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Order pairs in passes, each of which asks about a story once."""
    asked: dict[int, int] = {}
    passes = []
    ours, theirs = leaders[pairs.left[order]].tolist(), leaders[pairs.right[order]].tolist()
    for left, right in zip(ours, theirs, strict=True):
        turn = max(asked.get(left, 0), asked.get(right, 0))
        asked[left] = asked[right] = turn + 1
        passes.append(turn)
    return order[np.argsort(np.array(passes, dtype=np.int64), kind="stable")]
