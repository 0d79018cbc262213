"""Make the public benchmark: ``python tests/bench/public_sets.py FOLDER [--from FOLDER]``.

It fetches two corpora that anyone may fetch, makes records of them, and puts the labelled pairs
beside each (``tests/bench/labels``, ids and labels alone). ``--from`` takes files that were fetched
before. Then ``tests/bench/quality.py FOLDER`` and ``tests/bench/peers.py FOLDER`` score them.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import html
import io
import json
import re
import shutil
import sys
import tarfile
import urllib.request
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Record = dict[str, Any]

LABELS = Path(__file__).parent / "labels"
PATIENCE = 60
UCI_ROWS = 6_366
"""The labels are of the first two days of the news aggregator."""
LEDE = 400
TAIL = re.compile(r"\s*reuters?\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PublicSet:
    """A corpus: where its file is, what the file's SHA-256 is if known, and how it is read.

    ``titles`` is the SHA-256 of the titles of the labelled records, by which others can tell that
    they measure the same texts.
    """

    file: str
    addresses: tuple[str, ...]
    sha256: str | None
    titles: str
    read: Callable[[bytes], Iterator[Record]]


def read_uci(data: bytes) -> Iterator[Record]:
    """Yield the first rows of ``newsCorpora.csv`` in the archive of the news aggregator."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (name,) = [
            name
            for name in archive.namelist()
            if name.endswith("newsCorpora.csv") and not name.startswith("__")
        ]
        with archive.open(name) as file:
            rows = csv.reader(
                io.TextIOWrapper(file, "utf-8", newline=""), delimiter="\t", quoting=csv.QUOTE_NONE
            )
            for row in rows:
                number, title, url, outlet, *_, stamp = row
                if int(number) > UCI_ROWS:
                    return
                published = datetime.fromtimestamp(int(stamp) / 1000, UTC)
                yield {
                    "id": number, "title": title.strip(), "source": outlet,
                    "published": f"{published:%Y-%m-%dT%H:%M:%SZ}", "url": url,
                }  # fmt: skip


def read_reuters(data: bytes) -> Iterator[Record]:
    """Yield the titled articles of Reuters-21578, with the first characters of each as its lede."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for member in sorted(archive.getmembers(), key=lambda one: one.name):
            file = archive.extractfile(member) if member.name.endswith(".sgm") else None
            if file:
                yield from reuters_articles(file.read().decode("latin-1"))


def reuters_articles(text: str) -> Iterator[Record]:
    """Yield the titled articles of one SGML file."""
    for number, article in re.findall(
        r'<REUTERS[^>]*NEWID="(\d+)"[^>]*>(.*?)</REUTERS>', text, re.DOTALL
    ):
        title = element(article, "TITLE")
        if not title:
            continue
        # Of an article without a body its text, which is all that stands beside the title.
        body = element(article, "BODY") or cleaned(
            re.sub(
                r"<(TITLE|AUTHOR|DATELINE)>.*?</\1>", " ", part(article, "TEXT"), flags=re.DOTALL
            )
        )
        yield {
            "id": number, "title": title, "lede": TAIL.sub("", body)[:LEDE], "source": "Reuters",
            "published": reuters_time(element(article, "DATE")),
        }  # fmt: skip


def reuters_time(text: str) -> str | None:
    """Return when an article was sent; a few dates of the corpus cannot be read."""
    try:
        sent = datetime.strptime(text.partition(".")[0], "%d-%b-%Y %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return f"{sent:%Y-%m-%dT%H:%M:%SZ}"


def part(article: str, name: str) -> str:
    """Return what stands in the first element of a name."""
    found = re.search(rf"<{name}(?:\s[^>]*)?>(.*?)</{name}>", article, re.DOTALL)
    return found[1] if found else ""


def element(article: str, name: str) -> str:
    """Return the text of the first element of a name."""
    return cleaned(part(article, name))


def cleaned(text: str) -> str:
    """Return a text without entities, control characters and line breaks."""
    plain = html.unescape(re.sub(r"&#\d+;", " ", text))
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", plain).split())


SETS = {
    "uci": PublicSet(
        "news-aggregator.zip",
        (
            "https://archive.ics.uci.edu/static/public/359/news+aggregator.zip",
            "https://archive.ics.uci.edu/ml/machine-learning-databases/00359/NewsAggregatorDataset.zip",
        ),
        None,
        "3d7831146b8cb4cf021d6ddeda2bbdab0fbb784711587ade6ea9ea8091ad6840",
        read_uci,
    ),
    "reuters21578": PublicSet(
        "reuters21578.tar.gz",
        (
            "https://kdd.ics.uci.edu/databases/reuters21578/reuters21578.tar.gz",
            "https://archive.ics.uci.edu/ml/machine-learning-databases/reuters21578-mld/reuters21578.tar.gz",
        ),
        "3bae43c9b14e387f76a61b6d82bf98a4fb5d3ef99ef7e7075ff2ccbcf59f9d30",
        "eb6e8387f9545aa445536208c65a40688a7481548b4a3e960120e0e20855ebf6",
        read_reuters,
    ),
}


def fetched(own: PublicSet, folder: Path | None) -> bytes:
    """Return the file of a set: from a folder, or from the first address that answers."""
    if folder:
        return (folder / own.file).read_bytes()
    problems = []
    for address in own.addresses:
        try:
            with urllib.request.urlopen(address, timeout=PATIENCE) as answer:  # noqa: S310 - https
                return bytes(answer.read())
        except OSError as error:
            problems.append(f"{address}: {error}")
    told = "\n  ".join(problems)
    sys.exit(
        f"{own.file} cannot be fetched; put it into a folder and give that by --from\n  {told}"
    )


def titles_digest(records: dict[str, Record], ids: set[str]) -> str:
    """Return the SHA-256 of the titles of some records."""
    digest = hashlib.sha256()
    for own in sorted(ids):
        digest.update(f"{own}\t{' '.join(records[own]['title'].split())}\n".encode())
    return digest.hexdigest()


def labelled_ids(name: str) -> set[str]:
    """Return the ids of the labelled records of a set."""
    with (LABELS / f"{name}.csv").open(newline="") as file:
        return {row[side] for row in csv.DictReader(file) for side in ("a", "b")}


def make_set(name: str, target: Path, folder: Path | None) -> None:
    """Write the records and the labels of one set."""
    own = SETS[name]
    data = fetched(own, folder)
    digest = hashlib.sha256(data).hexdigest()
    if own.sha256 not in (None, digest):
        sys.exit(f"{own.file}: SHA-256 is {digest}, not {own.sha256}")
    records = {record["id"]: record for record in own.read(data)}
    ids = labelled_ids(name)
    if missing := ids - records.keys():
        sys.exit(f"{own.file}: {len(missing)} labelled records are not in it")
    same = titles_digest(records, ids) == own.titles
    with gzip.open(target / f"{name}.jsonl.gz", "wb") as file:
        file.writelines(
            json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records.values()
        )
    shutil.copy(LABELS / f"{name}.csv", target / f"{name}_pairs.csv")
    texts = "the texts that were labelled" if same else "NOT quite the texts that were labelled"
    print(f"{name}: {len(records):,} records, {len(ids):,} of them labelled, {texts}")


def main() -> None:
    """Make all sets, or those that are named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("target", type=Path)
    parser.add_argument("names", nargs="*", help="only these sets")
    parser.add_argument("--from", dest="folder", type=Path, help="where the files are already")
    given = parser.parse_args()
    given.target.mkdir(parents=True, exist_ok=True)
    for name in given.names or SETS:
        make_set(name, given.target, given.folder)


if __name__ == "__main__":
    main()
