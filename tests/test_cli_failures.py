"""Every exception becomes one line and an exit code."""

from __future__ import annotations

import json

import click
import pytest
from commandline import dedupe

from dedupe.__main__ import main
from dedupe.cli import app
from dedupe.cli.console import Console, report_error
from dedupe.errors import AccountingError, InputError, LinksError, OutputError, SettingsError


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


IN_JSON = {
    "a record": (
        InputError("a\x1b.jsonl", 3, "not an object"),
        {"kind": "input", "exit_code": 2, "path": "a\x1b.jsonl", "line": 3}
        | {"reason": "not an object"},
    ),
    "a setting": (
        SettingsError("treshold", "unknown setting; did you mean threshold?", "a.toml"),
        {"kind": "settings", "exit_code": 2, "name": "treshold", "origin": "a.toml"}
        | {"reason": "unknown setting; did you mean threshold?", "suggestion": "threshold"},
    ),
    "labels": (
        LinksError("a.csv", 3, "contradiction", (1, 2)),
        {"kind": "input", "exit_code": 2, "path": "a.csv", "line": 3, "reason": "contradiction"}
        | {"others": [1, 2]},
    ),
    "a count": (
        AccountingError("records", 3, 2),
        {"kind": "accounting", "exit_code": 2, "what": "records", "expected": 3, "found": 2},
    ),
    "an open file": (
        FileNotFoundError(2, "No such file", "x"),
        {"kind": "system", "exit_code": 2, "path": "x", "reason": "No such file"},
    ),
    "memory": (MemoryError(), {"kind": "memory", "exit_code": 2}),
    "Ctrl-C": (KeyboardInterrupt(), {"kind": "interrupted", "exit_code": 130}),
    "a bug": (KeyError("x"), {"kind": "internal", "exit_code": 2, "type": "KeyError"}),
}


@pytest.mark.parametrize(("error", "facts"), IN_JSON.values(), ids=IN_JSON)
def test_told_as_one_object(error, facts, capsys):
    assert report_error(error, Console(in_json=True)) == facts["exit_code"]
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    told = json.loads(line)
    assert told.pop("level") == "error"
    assert told.pop("message")
    assert told == facts


def test_the_traceback_is_in_the_object(capsys):
    report_error(KeyError("x"), Console(verbose=True, in_json=True))
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["traceback"] == "KeyError: 'x'\n"


CHOSEN = {
    "option": (["cluster", "--error-format", "json", "-t7"], {}, True),
    "option with =": (["cluster", "--error-format=json", "-t7"], {}, True),
    "variable": (["cluster", "-t7"], {"DEDUPE_ERROR_FORMAT": "json"}, True),
    "the option wins": (
        ["cluster", "--error-format", "text", "-t7"],
        {"DEDUPE_ERROR_FORMAT": "json"},
        False,
    ),
    "before the command is known": (["clstr"], {"DEDUPE_ERROR_FORMAT": "json"}, True),
    "a wrong option": (["cluster", "--error-format", "json", "--tresh", "1"], {}, True),
    "a wrong value": (["cluster", "--error-format=xml"], {}, False),
    "an index": (["index", "stats", "--error-format", "json", "no.index"], {}, True),
}


@pytest.mark.parametrize(("argv", "environ", "in_json"), CHOSEN.values(), ids=CHOSEN)
def test_the_format_of_errors(argv, environ, in_json, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert main(argv) == 2
    line = capsys.readouterr().err
    assert line.startswith('{"level": "error"' if in_json else "dedupe: error: ")


def test_a_wrong_format_in_the_environment(capsys, monkeypatch):
    monkeypatch.setenv("DEDUPE_ERROR_FORMAT", "xml")
    assert main(["cluster"]) == 2
    told = capsys.readouterr().err
    assert told == "dedupe: error: DEDUPE_ERROR_FORMAT: must be text or json, got 'xml'\n"


def test_notes_and_the_summary_are_objects_too(tmp_path):
    rows = b'{"id":1,"title":"Lamp out"}\n{"id":1,"title":"Ferry tolls rise in June"}\n'
    done = dedupe("cluster", "--error-format", "json", folder=tmp_path, stdin=rows)
    assert done.code == 0
    told = [json.loads(line) for line in done.err.splitlines()]
    assert [each["level"] for each in told] == ["info", "warning", "info"]


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


USAGE = {
    "an option before the command": (
        ["--threshold", "0.5", "cluster"],
        (
            "--threshold goes after the name of a command, as in dedupe COMMAND --threshold "
            "(see dedupe --help)"
        ),
    ),
    "an option before the command of an index": (
        ["index", "--jobs", "2", "add"],
        (
            "--jobs goes after the name of a command, as in dedupe index COMMAND --jobs "
            "(see dedupe index --help)"
        ),
    ),
    "no value": (
        ["index", "add", "--jobs"],
        "option '--jobs' requires an argument (see dedupe index add --help)",
    ),
    "no whole number": (
        ["check", "--max-duplicates", "some"],
        (
            "invalid value for '--max-duplicates': must be a whole number, 0 or more, got some "
            "(see dedupe check --help)"
        ),
    ),
    "too large a number": (
        ["evaluate", "--bootstrap", "200000", "a", "b"],
        (
            "invalid value for '--bootstrap': must be a whole number, from 0 to 100,000, got "
            "200000 (see dedupe evaluate --help)"
        ),
    ),
    "more than all": (
        ["check", "--max-rate", "150%"],
        (
            "invalid value for '--max-rate': must be a share such as 0.5% or 0.005, at most 100%, "
            "got 150% (see dedupe check --help)"
        ),
    ),
}


@pytest.mark.parametrize(("argv", "line"), USAGE.values(), ids=USAGE)
def test_a_usage_error_says_what_is_allowed(argv, line, capsys):
    assert main(argv) == 2
    assert capsys.readouterr() == ("", f"dedupe: error: {line}\n")
