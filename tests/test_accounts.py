"""Every record is accounted for, and a run that cannot do so puts no file in place."""

from __future__ import annotations

import hashlib
import io
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from commandline import dedupe, visible
from hypothesis import given
from hypothesis import strategies as st

from dedupe.__main__ import main
from dedupe.config import Settings
from dedupe.errors import AccountingError
from dedupe.io.annotate import selected_chunks
from dedupe.io.reader import read
from dedupe.io.result_rows import check_output
from dedupe.models import ReadStats

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LINES = (
    b'{"title":"Old lamp at Pell Point stays lit"}\n\n{bad\n'
    b'{"title":"UPDATE 1-Old lamp at Pell Point stays lit"}\n{"title":[1]}\n'
    b'{"title":"Ferry tolls rise by ten pence"}'
)
TABLE = (
    b'id,title\n\na,"Old lamp at\nPell Point stays lit"\nb\n'
    b'c,"Old lamp at\nPell Point stays lit"\nd,Ferry tolls rise'
)
PLAIN = b"Old lamp stays lit\n\xff\n\nOld lamp stays lit\n"
WAYS = {"skip": "skipped", "quarantine=bad": "quarantined"}
FORMS = {"jsonl": (LINES, 5, 2), "csv": (TABLE, 4, 1), "lines": (PLAIN, 3, 1)}


def stats_of(folder: Path, *arguments: str, stdin: bytes) -> tuple[dict[str, Any], bytes]:
    done = dedupe(*arguments, "-q", "--stats", "s.json", folder=folder, stdin=stdin)
    assert done.code == 0, done.err
    return json.loads((folder / "s.json").read_bytes()), done.out


@pytest.mark.parametrize("command", ["cluster", "unique"])
@pytest.mark.parametrize(("way", "where"), WAYS.items(), ids=WAYS)
@pytest.mark.parametrize(("form", "case"), FORMS.items(), ids=FORMS)
def test_stats_carry_the_accounts(
    command: str, way: str, where: str, form: str, case: tuple[bytes, int, int], tmp_path: Path
):
    data, met, bad = case
    stats, out = stats_of(tmp_path, command, "--from", form, "--on-error", way, stdin=data)
    accounts = stats["accounts"]
    assert list(accounts) == ["in", "out", "left_out", "skipped", "quarantined"]
    assert accounts["in"] == met == sum(accounts.values()) - met
    assert accounts[where] == bad
    assert accounts["out"] == stats["output"]
    assert accounts["left_out"] == (0 if command == "cluster" else 1)
    assert stats["input"]["checksum"] == hashlib.blake2b(data, digest_size=16).hexdigest()
    assert stats["output_checksum"] == hashlib.blake2b(out, digest_size=16).hexdigest()
    assert stats["output_bytes"] == len(out)


LISTS_NONE = {
    "pairs": [],
    "check": ["--exit-zero"],
    "report": [],
    "cluster": ["--format", "tree"],
}


@pytest.mark.parametrize(("command", "arguments"), LISTS_NONE.items(), ids=LISTS_NONE)
def test_what_lists_no_records_accounts_for_those_that_were_read(
    command: str, arguments: list[str], tmp_path: Path
):
    stats, out = stats_of(
        tmp_path, command, *arguments, "--on-error", "skip", stdin=LINES
    )  # fmt: skip
    assert stats["accounts"] == {"in": 5, "read": 3, "skipped": 2, "quarantined": 0}
    assert stats["output_checksum"] == hashlib.blake2b(out, digest_size=16).hexdigest()


def test_checksums_are_of_the_uncompressed_bytes(tmp_path: Path):
    plain, out = stats_of(tmp_path, "unique", "--on-error", "skip", stdin=LINES)
    packed, _ = stats_of(tmp_path, "unique", "--on-error", "skip", "-o", "o.gz", stdin=LINES)
    assert packed["output_checksum"] == plain["output_checksum"]
    assert packed["output_bytes"] == len(out)


def test_a_byte_order_mark_alone_is_no_record(tmp_path: Path):
    stats, out = stats_of(tmp_path, "unique", "--from", "jsonl", stdin=b"\xef\xbb\xbf")
    assert (stats["accounts"]["in"], out) == (0, b"")


def losing(stage: str) -> Callable[[pytest.MonkeyPatch], None]:
    """A fault in a stage by which a record is lost."""

    def blocks(patch: pytest.MonkeyPatch) -> None:
        from dedupe.io import jsonl  # noqa: PLC0415 - beside what is done to it

        whole = jsonl.parse_block

        def short(raws: Any, numbers: Any, source: Any, **_: Any) -> Any:
            return whole(raws[:-1], numbers[:-1], source)

        patch.setattr(jsonl, "parse_block", short)

    def gather(patch: pytest.MonkeyPatch) -> None:
        from dedupe import pipeline  # noqa: PLC0415 - the same

        whole = pipeline.load_corpus
        patch.setattr(pipeline, "load_corpus", lambda batches, n: whole(list(batches)[1:], n))

    def chunks(patch: pytest.MonkeyPatch) -> None:
        from dedupe.io import convert  # noqa: PLC0415 - the same

        whole = convert.selected_chunks
        patch.setattr(
            convert,
            "selected_chunks",
            lambda *given: (c[c.index(b"\n") + 1 :] for c in whole(*given)),
        )

    return {"reading": blocks, "gathering": gather, "writing": chunks}[stage]


LOSSES = {
    "reading": "records and lines left out: 3 where there should be 4",
    "gathering": "records to compare: 0 where there should be 3",
    "writing": "lines of output: 1 where there should be 2",
}


@pytest.mark.parametrize(("stage", "says"), LOSSES.items(), ids=LOSSES)
def test_a_lost_record_fails_the_run_before_a_file_is_replaced(
    stage: str,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    data = b"".join(line + b"\n" for line in LINES.splitlines() if b'"title"' in line)
    (tmp_path / "in.jsonl").write_bytes(data)
    (tmp_path / "out").write_bytes(b"old\n")
    monkeypatch.chdir(tmp_path)
    losing(stage)(monkeypatch)
    options = ["-o", "out", "--stats", "s.json", "--on-error", "quarantine=bad"]
    assert main(["unique", "-q", "in.jsonl", *options]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"dedupe: error: the records do not add up: {says}; the output was")
    assert (tmp_path / "out").read_bytes() == b"old\n"
    assert visible(tmp_path) - {"bad"} == {"in.jsonl", "out"}
    assert (tmp_path / "bad").exists() == (stage != "reading")


CELL = st.text(st.sampled_from('ab,"\n '), max_size=4)
ROWS = st.lists(st.tuples(CELL, CELL), max_size=6)


def as_table(rows: list[tuple[str, str]], *, ended: bool) -> bytes:
    quoted = ['"' + '","'.join(cell.replace('"', '""') for cell in row) + '"' for row in rows]
    text = "\n".join(["id,title", *quoted]) + "\n"
    return text.encode() if ended else text.encode()[:-1]


@given(ROWS, st.booleans(), st.data())
def test_the_lines_of_chosen_rows_are_counted_as_they_are_written(rows, ended, data):
    table = as_table(rows, ended=ended)
    batches = list(read([], Settings(), ReadStats(), stdin=io.BytesIO(table), format="csv"))
    chosen = np.array(data.draw(st.tuples(*[st.booleans()] * len(rows))), bool)
    whole = list(selected_chunks(batches, chosen))
    assert list(check_output(whole, batches, chosen)) == whole
    for wrong in ([*whole, b"one more\n"], whole[1:]):
        with pytest.raises(AccountingError):
            list(check_output(wrong, batches, chosen))


def test_the_figures_are_in_the_error():
    error = AccountingError("lines of output", 1200, 1199)
    assert (error.what, error.expected, error.found) == ("lines of output", 1200, 1199)
    assert re.search("1,199 where there should be 1,200", str(error))
