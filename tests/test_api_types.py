"""Type checkers know the keywords of the functions and the kinds that they return."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from commandline import environment

if TYPE_CHECKING:
    from pathlib import Path

IMPORTS = """\
from datetime import timedelta
import polars as pl
import dedupe
rows = [{"title": "a"}]
"""
KNOWN = {
    "dedupe.unique(rows)": "list[dict[str, str]]",
    "dedupe.unique(['a'], keep='first')": "list[str]",
    "dedupe.unique(pl.DataFrame(rows))": "polars.dataframe.frame.DataFrame",
    "dedupe.unique(pl.Series(['a']))": "polars.series.series.Series",
    "dedupe.cluster(rows, window=timedelta(1), field=['title'])": "dedupe.models.Clustering",
    "dedupe.cluster(pl.DataFrame(rows), progress=print)[0]": "dedupe.models.Cluster",
    "dedupe.pairs(rows)[0].score": "float",
    "dedupe.similarity('a', {'title': 'b'}, numbers='strict')": "float",
    "dedupe.check(rows, max_rate=0.1).passed": "bool",
}
WRONG = {
    "dedupe.cluster(rows, threshold='high')": 'incompatible type "str"; expected "float | None"',
    "dedupe.unique(rows, treshold=1)": 'Unexpected keyword argument "treshold"',
    "dedupe.pairs(rows, linkage='single')": "expected \"Literal['average', 'leader'] | None\"",
    "dedupe.cluster(rows, encoding='cp1252')": 'Unexpected keyword argument "encoding"',
    "dedupe.check(5)": 'incompatible type "int"',
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What mypy says of each line."""
    lines = [f"reveal_type({known})" for known in KNOWN] + list(WRONG)
    path: Path = tmp_path_factory.mktemp("typed") / "typed.py"
    path.write_text(IMPORTS + "\n".join(lines) + "\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", path.name],
        cwd=path.parent, env=environment(), capture_output=True, text=True, check=False
    )  # fmt: skip
    told: dict[str, str] = {}
    for number, message in re.findall(
        r"^typed\.py:(\d+): (?:error|note): (.*)$", done.stdout, re.MULTILINE
    ):
        told.setdefault(number, message)
    first = IMPORTS.count("\n") + 1
    return {
        line: told.get(str(number), done.stdout + done.stderr)
        for number, line in enumerate([*KNOWN, *WRONG], first)
    }


@pytest.mark.parametrize("line", KNOWN)
def test_what_a_function_returns(line: str, said: dict[str, str]):
    assert said[line] == f'Revealed type is "{KNOWN[line]}"'


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_argument_is_found(line: str, said: dict[str, str]):
    assert WRONG[line] in said[line]
