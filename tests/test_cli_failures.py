"""Every exception becomes one line and an exit code."""

from __future__ import annotations

import click
import pytest

from dedupe.__main__ import main
from dedupe.cli import app
from dedupe.cli.console import Console, report_error
from dedupe.errors import InputError, OutputError, SettingsError


def caused_by(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


TOLD = {
    "a record": (InputError("a.jsonl", 3, "not an object"), 2, "error: a.jsonl:3: not an object"),
    "a file": (InputError("a.jsonl", None, "gone"), 2, "error: a.jsonl: gone"),
    "a setting": (SettingsError("--jobs", "too many"), 2, "error: --jobs: too many"),
    "the output": (OutputError("out", "disk full"), 2, "error: out: disk full"),
    "usage": (click.UsageError("No such thing."), 2, "error: no such thing (see dedupe --help)"),
    "an open file": (FileNotFoundError(2, "No such file", "x"), 2, "error: x: No such file"),
    "a stream": (OSError(28, "No space left"), 2, "error: No space left"),
    "memory": (
        MemoryError(),
        2,
        "error: out of memory; give less at a time, or --memory to cluster, unique and pairs",
    ),
    "Ctrl-C": (KeyboardInterrupt(), 130, "interrupted"),
    "a bug": (
        KeyError("cluster"),
        2,
        "internal error: KeyError: 'cluster' (run with -v for the traceback)",
    ),
}


@pytest.mark.parametrize(("error", "code", "line"), TOLD.values(), ids=TOLD)
def test_told_in_one_line(error, code, line, capsys):
    assert report_error(error, Console()) == code
    assert capsys.readouterr() == ("", f"dedupe: {line}\n")


@pytest.mark.parametrize(
    "error", [BrokenPipeError(), caused_by(OutputError("<stdout>", "x"), BrokenPipeError())]
)
def test_closed_pipe_is_silent(error, capsys):
    assert report_error(error, Console()) == 141
    assert capsys.readouterr() == ("", "")


def test_verbose_shows_the_traceback(capsys):
    assert report_error(KeyError("cluster"), Console(verbose=True)) == 2
    told = capsys.readouterr().err
    assert told.startswith("KeyError: 'cluster'\n")
    assert told.endswith("dedupe: internal error: KeyError: 'cluster'\n")


def test_color(capsys):
    report_error(InputError("a", 1, "bad"), Console(color="always"))
    assert capsys.readouterr().err == "dedupe: \x1b[31m\x1b[1merror:\x1b[0m a:1: bad\n"


def test_a_bug_in_a_command_is_no_traceback(monkeypatch, capsys):
    def broken(_context: click.Context, _name: str) -> click.Command:
        raise RuntimeError("loose screw")

    monkeypatch.setattr(app.app, "get_command", broken)
    assert main(["cluster"]) == 2
    assert capsys.readouterr().err.startswith("dedupe: internal error: RuntimeError: loose screw")


@pytest.mark.parametrize(("argv", "code"), [(["--help"], 0), (["clster"], 2), ([], 0)])
def test_main_returns_the_exit_code(argv, code):
    assert main(argv) == code
