"""Read the pairs that the model learns from: labelled, invented, edited and sampled ones.

A pair has two records and says whether they tell one story. ``group`` keeps pairs that share a
record together when folds are drawn. What is not a plain yes counts as a no, an update a little.
"""

from __future__ import annotations

import csv
import gzip
import random
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

Record = dict[str, Any]

HERE = Path(__file__).parent
EXAMPLES = HERE / "examples"
OWN_LABELS = HERE.parent / "bench" / "labels"
CORPORA = {
    "reuters_weeks": "reuters",
    "newstoday": "newstoday",
    "uci": "uci",
    "reuters_2007_news": "reuters_2007",
    "reuters21578": "reuters21578",
    "zhihu": "zhihu",
}
"""The labelled corpora, and how the files of their labels begin."""
LANGUAGES = ("de_news", "hi_news", "ja_topics", "ko_gnews", "pt_noticias", "tg_ru", "zh_hot")
SPACELESS = ("zh", "zht", "ja")
CONFUSABLE = 0.15
"""Stories that share so much of their words are a pair worth learning from."""
SENTENCES = "sentences"
"""Headlines beside a sentence that retells them: two blocks of one page, not two versions."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records, the set that they are from, their label (D, U or N) and their group.

    ``undated_in`` names the corpus of a pair of which nothing is known but what recurs there.
    """

    source: str
    left: Record
    right: Record
    label: str
    group: str
    corpus: str = ""
    undated_in: str = ""


def corpus_path(data: Path, name: str) -> Path:
    """Return where the records of a corpus stand."""
    folder = data / "languages" if name in LANGUAGES else data
    return folder / f"{name}.jsonl.gz"


@cache
def read_records(path: Path) -> dict[str, Record]:
    """Return the records of a file by id."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as file:
        rows = map(orjson.loads, file)
        return {str(row["id"]): row for row in rows}


def read_labels(path: Path) -> list[dict[str, str]]:
    """Return the rows of a file of labels."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def labelled_pairs(data: Path, name: str) -> Iterator[Pair]:
    """Yield the labelled pairs of a corpus: those that come with it, and our own."""
    short = CORPORA.get(name, name)
    path = corpus_path(data, name)
    records = read_records(path)
    for source, labels in (
        (name, path.with_name(f"{short}_pairs.csv")),
        (f"{name}, own", OWN_LABELS / f"{short}.csv"),
    ):
        for row in read_labels(labels) if labels.exists() else ():
            group = name + min(row["a"], row["b"])
            yield Pair(source, records[row["a"]], records[row["b"]], row["label"], group, name)


def accepted_pairs(data: Path, name: str) -> Iterator[Pair]:
    """Yield pairs that an earlier model accepted, as two readers labelled them.

    Those of a file that ends in ``_plain`` were accepted, and are learned, by their texts alone.
    """
    records = read_records(corpus_path(data, name))
    for ending in ("", "_plain"):
        labels = OWN_LABELS / "accepted" / f"{name}{ending}.csv"
        for row in read_labels(labels) if labels.exists() else ():
            left, right = records[row["a"]], records[row["b"]]
            if ending:
                left, right = without_metadata(left), without_metadata(right)
            group = name + min(row["a"], row["b"])
            corpora = ("", name) if ending else (name, "")
            yield Pair(f"{name}{ending}, accepted", left, right, row["label"], group, *corpora)


def without_metadata(record: Record) -> Record:
    """Return a record without its time and outlet."""
    return {name: value for name, value in record.items() if name not in ("published", "source")}


def invented_pairs() -> Iterator[Pair]:
    """Yield the invented pairs of every language; two neighbours may share a record."""
    for path in sorted(EXAMPLES.glob("pairs-*.tsv")):
        language = path.stem.removeprefix("pairs-")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
            kind, label, left, right = line.split("\t")
            group = f"pairs {language} {number // 2}"
            source = SENTENCES if kind == "sentence" else f"pairs {language}"
            yield Pair(source, {"title": left}, {"title": right}, label, group)


def same_pairs() -> Iterator[Pair]:
    """Yield each invented headline with itself: whatever is copied is a duplicate."""
    for pair in invented_pairs():
        yield Pair("same", pair.left, pair.left, "D", pair.group)


def story_pairs() -> Iterator[Pair]:
    """Yield the pairs of invented stories: told twice, or easily taken for one another."""
    chance = random.Random(1)
    for path in sorted(EXAMPLES.glob("stories-*.jsonl")):
        language = path.stem.removeprefix("stories-")
        records = list(map(orjson.loads, path.read_bytes().splitlines()))
        source = f"stories {language}"
        alike = []
        for left, right in combinations(records, 2):
            first = min(left["gold"], right["gold"])
            own = Pair(source, left, right, "N", f"{source} {first}")
            if left["gold"] == right["gold"]:
                yield Pair(source, left, right, "D", own.group)
                continue
            share = overlap(left["title"], right["title"], language)
            if share > CONFUSABLE:
                alike.append((share + chance.random() * 0.1, own))
        alike.sort(key=lambda row: row[0], reverse=True)
        yield from (own for _, own in alike[: 2 * len(records)])


def overlap(left: str, right: str, language: str) -> float:
    """Return the share of the shorter title's words that both have."""
    one, other = (words_of(title, language) for title in (left, right))
    return len(one & other) / max(1, min(len(one), len(other)))


def words_of(title: str, language: str) -> set[str]:
    """Return the words of a title; of a script without spaces its pairs of characters."""
    lower = title.lower()
    if language in SPACELESS:
        return {lower[at : at + 2] for at in range(len(lower) - 1)}
    return set(lower.split())


def all_labelled(data: Path) -> list[Pair]:
    """Return the pairs that readers or authors labelled."""
    names = (*CORPORA, *LANGUAGES)
    real = [pair for name in names for pair in labelled_pairs(data, name)]
    accepted = [pair for name in names for pair in accepted_pairs(data, name)]
    return [*real, *accepted, *invented_pairs(), *same_pairs(), *story_pairs()]
