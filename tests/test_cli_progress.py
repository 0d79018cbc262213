"""Progress is drawn for a patient person only, and leaves nothing behind."""

from __future__ import annotations

import io

import pytest

from dedupe.cli.console import ERASE, Progress, in_color


class Clock:
    """A clock that the test turns."""

    def __init__(self):
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def drawn(*calls: tuple[float, str, float]) -> str:
    clock, stream = Clock(), io.StringIO()
    with Progress(stream, clock) as progress:
        for seconds, stage, share in calls:
            clock.now = 100.0 + seconds
            progress(stage, share)
    return stream.getvalue()


DRAWN = {
    "a quick run stays silent": ([(0.1, "verify", 0.5), (1.9, "verify", 1.0)], ""),
    "a slow run is told": ([(2.0, "verify", 0.43)], f"{ERASE}dedupe: verify 43%{ERASE}"),
    "not more often than one can read": (
        [(2.0, "verify", 0.1), (2.05, "verify", 0.2), (2.1, "verify", 0.3)],
        f"{ERASE}dedupe: verify 10%{ERASE}dedupe: verify 30%{ERASE}",
    ),
}


@pytest.mark.parametrize(("calls", "expected"), DRAWN.values(), ids=DRAWN)
def test_drawing(calls, expected: str):
    assert drawn(*calls) == expected


def test_line_is_cleared_before_an_error_is_told():
    stream = io.StringIO()
    clock = Clock()

    def fail() -> None:
        with Progress(stream, clock) as progress:
            clock.now += 3
            progress("verify", 0.5)
            raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        fail()
    assert stream.getvalue().endswith(ERASE)


def test_reading_passes_batches_on_and_counts_records():
    clock, stream = Clock(), io.StringIO()
    with Progress(stream, clock) as progress:
        clock.now += 3
        batches = [[0] * 1200, [0] * 34]
        assert list(progress.reading(batches)) == batches
    assert "dedupe: read 1,200 records" in stream.getvalue()


def test_no_stream_draws_nothing():
    clock = Clock()
    with Progress(None, clock) as progress:
        clock.now += 3
        progress("verify", 0.5)


class Terminal(io.StringIO):
    """A stream that a person watches."""

    def isatty(self) -> bool:
        return True


COLORED = [
    ("auto", Terminal(), {}, True),
    ("auto", io.StringIO(), {}, False),
    ("auto", None, {}, False),
    ("auto", Terminal(), {"NO_COLOR": "1"}, False),
    ("auto", Terminal(), {"NO_COLOR": ""}, True),
    ("auto", io.StringIO(), {"FORCE_COLOR": "1"}, True),
    ("auto", io.StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ("always", io.StringIO(), {"NO_COLOR": "1"}, True),
    ("never", Terminal(), {"FORCE_COLOR": "1"}, False),
]


@pytest.mark.parametrize(("choice", "stream", "environ", "expected"), COLORED)
def test_color(choice, stream, environ, expected):
    assert in_color(choice, stream, environ) is expected
