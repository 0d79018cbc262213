"""What is no record, and what becomes of it: a message with its place, or the rest without it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from readers import INPUTS, read_bytes, read_files, records_of

from dedupe.config import Settings
from dedupe.errors import InputError
from dedupe.io.reader import read
from dedupe.models import ReadStats

if TYPE_CHECKING:
    from pathlib import Path

GOOD = b'{"title":"Lamp"}\n'

REFUSED = {
    "invalid-json.jsonl": ":2: invalid JSON: unexpected end of data at column ",
    "nan.jsonl": ":1: invalid JSON: NaN is not a JSON number at column 18",
    "infinity.jsonl": ":1: invalid JSON: -Infinity is not a JSON number at column 18",
    "huge-number.jsonl": ":1: invalid JSON: number is infinity",
    "lone-surrogate.jsonl": ":1: invalid JSON: half of a surrogate pair at column 12",
    "invalid-utf8.jsonl": ":1: invalid UTF-8 at byte 14",
    "latin1.txt": ":2: invalid UTF-8 at byte 4",
    "not-an-object.jsonl": ":3: not an object but an array",
    "no-text.jsonl": ": no record has a text: looked for title, headline, lede, summary and other "
    "usual names (docs/inputs.md); the records have id, note",
    "null-text.jsonl": "; the records have title",
    "empty-object.jsonl": "; the records have no fields",
    "wrong-type.jsonl": ":1: headline: expected a string, got an array",
    "too-many-columns.csv": ":3: 3 columns, where the header has 2",
    "too-few-columns.csv": ":4: 1 column, where the header has 2",
    "open-quote.csv": ":3: a quote is opened and never closed",
    "open-quote-no-newline.csv": ":2: a quote is opened and never closed",
    "bare-carriage-return.csv": ":2: a carriage return outside quotes",
    "latin1.csv": ":2: invalid UTF-8 at byte 6",
    "no-text-column.csv": ":1: no text: looked for title, ",
    "latin1-header.csv": ":1: invalid UTF-8 at byte 13",
    "not-gzip.jsonl.gz": ": not gzip data, though its name says so",
}
WHOLE_FILE = {
    "no-text.jsonl",
    "null-text.jsonl",
    "empty-object.jsonl",
    "no-text-column.csv",
    "latin1-header.csv",
    "not-gzip.jsonl.gz",
}


def test_every_bad_input_has_its_message():
    assert {path.name for path in (INPUTS / "bad").iterdir()} == set(REFUSED)


@pytest.mark.parametrize(("name", "says"), REFUSED.items(), ids=REFUSED)
def test_refused(name: str, says: str):
    path = INPUTS / "bad" / name
    with pytest.raises(InputError) as caught:
        read_files(path)
    assert says in str(caught.value).removeprefix(str(path))


def test_a_key_of_an_answer_that_is_no_text_is_refused():
    data = b'{"status":"OK","response":{"docs":[{"headline":"Old lamp stays lit"}],"k\xff":1}}'
    with pytest.raises(InputError, match=r":1: invalid JSON: invalid UTF-8 at byte 3"):
        read_bytes(data)


def with_a_good_record(path: Path, folder: Path) -> Path:
    """Put a good record before the bad one, so that a file is left when that is skipped."""
    first, *rest = path.read_bytes().splitlines(keepends=True)
    good = b"7,Tolls\n" if path.suffix == ".csv" else GOOD if path.suffix == ".jsonl" else b"Toll\n"
    lines = [first, good, *rest] if path.suffix == ".csv" else [good, first, *rest]
    copy = folder / path.name
    copy.write_bytes(b"".join(lines))
    return copy


@pytest.mark.parametrize("name", sorted(set(REFUSED) - WHOLE_FILE))
def test_skipped_and_set_aside_records_are_the_rest(name: str, tmp_path: Path):
    path = with_a_good_record(INPUTS / "bad" / name, tmp_path)
    aside = tmp_path / "aside"
    skipping, quarantining = ReadStats(), ReadStats()
    kept = read_files(path, tally=skipping, settings=Settings(on_error="skip"))
    read_files(path, tally=quarantining, settings=Settings(on_error=f"quarantine={aside}"))
    header = path.read_bytes().split(b"\n")[0] + b"\n" if path.suffix == ".csv" else b""
    both = sorted(line for raw in records_of(kept) for line in raw.splitlines())
    both += aside.read_bytes().removeprefix(header).splitlines()
    lines = path.read_bytes().removeprefix(header).splitlines()
    assert sorted(both) == sorted(line for line in lines if line)
    assert skipping.skipped == quarantining.quarantined == 1
    assert skipping.quarantined == quarantining.skipped == 0


@pytest.mark.parametrize("name", sorted(WHOLE_FILE))
def test_what_is_wrong_with_a_whole_file_is_not_skipped(name: str):
    with pytest.raises(InputError):
        read_files(INPUTS / "bad" / name, settings=Settings(on_error="skip"))


def test_quarantine_replaces_what_an_earlier_run_left(tmp_path: Path):
    aside = tmp_path / "aside"
    aside.write_bytes(b"older\n")
    read_bytes(GOOD, on_error=f"quarantine={aside}")
    assert aside.read_bytes() == b""


def test_quarantine_of_a_failed_run_is_not_left(tmp_path: Path):
    settings = Settings(on_error=f"quarantine={tmp_path / 'aside'}")
    (tmp_path / "cut.gz").write_bytes(b"\x1f\x8b")
    stdin = io.BytesIO(b"{\n" * 9)
    with pytest.raises(InputError):
        list(
            read(
                ["-", str(tmp_path / "cut.gz")], settings, ReadStats(), stdin=stdin, format="jsonl"
            )
        )
    assert [path.name for path in tmp_path.iterdir()] == ["cut.gz"]


@pytest.mark.parametrize("kind", ["jsonl", "csv", "lines"])
def test_a_file_of_which_all_was_skipped_is_an_error(kind: Any):
    data = {"jsonl": b"{\n{\n", "csv": b"title\na,b\nc,d\n", "lines": b"caf\xe9\n\xe9t\xe9\n"}[kind]
    with pytest.raises(InputError, match="all of its 2 records were skipped; the first: <stdin>:"):
        read_bytes(data, kind, on_error="skip")


def test_missing_file_is_told_before_anything_is_read(tmp_path: Path):
    stdin = io.BytesIO(GOOD)
    with pytest.raises(InputError, match="No such file or directory"):
        read(["-", str(tmp_path / "no")], Settings(), ReadStats(), stdin=stdin)
    assert stdin.tell() == 0


def test_stdin_is_read_once():
    with pytest.raises(InputError, match="<stdin>: named twice"):
        read(["-", "-"], Settings(), ReadStats(), stdin=io.BytesIO())


def test_an_empty_name_is_no_folder():
    with pytest.raises(InputError, match=r"^'': the name of the file is empty$"):
        read(["-", ""], Settings(), ReadStats(), stdin=io.BytesIO())


def test_directory(tmp_path: Path):
    with pytest.raises(InputError, match="Is a directory"):
        read_files(tmp_path)
