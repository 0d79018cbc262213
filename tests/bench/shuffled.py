"""What a run under Spark moved: ``python tests/bench/shuffled.py EVENT_LOG_FOLDER RECORDS``.

The log is that of a run with ``spark.eventLog.enabled``, compressed with zstd or not. Prints a
Markdown table, a row for each of Spark's queries in bytes a record, and the peaks of memory.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zstandard

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1 << 20
NOTICED = ("shuffled", "read", "written", "to the driver")


def events(folder: Path) -> Iterator[dict[str, Any]]:
    """The events of all logs in a folder."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.name.startswith((".", "appstatus")):
            continue
        told = zstandard.open if path.suffix == ".zstd" else open
        with told(path, "rt", encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines if line.startswith("{"))


def moved(metrics: dict[str, Any]) -> Counter[str]:
    """The bytes that a task moved, and the milliseconds that it ran."""
    return Counter(
        {
            "shuffled": metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"],
            "read": metrics["Input Metrics"]["Bytes Read"],
            "written": metrics["Output Metrics"]["Bytes Written"],
            "to the driver": metrics["Result Size"],
            "ran": metrics["Executor Run Time"],
        }
    )


def main(folder: str, records: int) -> None:
    """Print the table."""
    names: dict[str, str] = {}
    queries: dict[int, str] = {}
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    peaks: Counter[str] = Counter()
    for event in events(Path(folder)):
        kind = event["Event"].rpartition(".")[2]
        if kind.endswith("SQLExecutionStart"):
            names[str(event["executionId"])] = event["description"].rpartition("/")[2]
        elif kind.endswith("StageSubmitted"):
            told = event.get("Properties") or {}
            queries[event["Stage Info"]["Stage ID"]] = told.get("spark.sql.execution.id", "")
        elif kind.endswith("TaskEnd") and event.get("Task Metrics"):
            totals[queries[event["Stage ID"]]] += moved(event["Task Metrics"])
            for name, value in (event.get("Task Executor Metrics") or {}).items():
                peaks[name] = max(peaks[name], value)
    print("| query |", " | ".join(NOTICED), "| core-ms |\n|---|" + "---|" * (len(NOTICED) + 1))
    totals["all"] = sum(totals.values(), Counter())
    for query, total in totals.items():
        figures = [f"{total[name] / records:,.0f}" for name in NOTICED]
        told = f"{query} {names.get(query, '')}".strip()
        print("|", " | ".join([told, *figures, f"{total['ran'] / records:.2f}"]), "|")
    for name in ("JVMHeapMemory", "ProcessTreePythonRSSMemory"):
        print(f"{name}: {peaks[name] / MIB:,.0f} MiB at peak")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
