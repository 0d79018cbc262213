"""Time the main job against the floor and the peers: ``python tests/bench/speed.py FILE.jsonl``.

The floor is a one-core Python loop that reads each line, parses it with orjson and writes it out.
A peer reads the records, finds groups over the headline and writes the first line of each, as one
process of the environment that ``--peers`` names (``make bench PEERS=FOLDER`` makes it). What is
slow runs on a slice, the first records of the file. Prints a Markdown table of the fastest of
``--runs``: wall and processor seconds; against the floor of as many records; peak resident memory
of all processes of a command, and what of it lies beyond the file. It needs nothing but Python:
what is timed may be installed elsewhere (``--python``).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from cost import Cost, cost_of
from peer_methods import PEERS

FLOOR = """
import sys, orjson
with open(sys.argv[1], "rb") as lines, open(sys.argv[2], "wb") as out:
    for line in lines:
        orjson.loads(line)
        out.write(line)
"""
PEER_RUN = str(Path(__file__).with_name("peer_run.py"))
PURE = {"DEDUPE_PURE": "1"}
FAST_PEERS = {"near-dupes", "rensa"}
FLOORS_A_RUN = 3
HEAD = (
    "| command | records | seconds | processor s | records/s | us a record | x floor | MB at peak "
    "| bytes a record beyond the file |"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A file of records; ``floor`` is its own."""

    path: str
    records: int
    floor: Cost

    @property
    def bytes(self) -> int:
        """Its size."""
        return Path(self.path).stat().st_size


@dataclass(frozen=True, slots=True)
class Job:
    """A command before its files: one of ours, or a peer's; what is ``slow`` runs on a slice."""

    title: str
    command: tuple[str, ...]
    environ: dict[str, str] = field(default_factory=dict)
    ours: bool = True
    slow: bool = False

    def on(self, given: str, out: str) -> list[str]:
        """The whole command line."""
        files = ("-o", out, given) if self.ours else (given, out)
        return [*self.command, *files]


def own_jobs(python: str) -> list[Job]:
    """What we do ourselves."""
    unique, cluster = ((python, "-m", "dedupe", name, "-q") for name in ("unique", "cluster"))
    return [
        Job("`unique`", unique),
        Job("`unique --jobs 1`", (*unique, "--jobs", "1")),
        Job("`cluster`", cluster),
        Job("`cluster --jobs 1`", (*cluster, "--jobs", "1")),
        Job("`unique`, no compiled kernel", unique, PURE, slow=True),
    ]


def peer_jobs(python: Path) -> tuple[list[Job], list[str]]:
    """The peers that are installed, and what to say of the others."""
    found, absent = [], []
    for name in PEERS:
        told = (
            subprocess.run([python, PEER_RUN, name], check=False, capture_output=True, text=True)
            if python.exists()
            else None
        )
        if told is not None and told.returncode == 0:
            command = (str(python), PEER_RUN, name)
            found.append(Job(told.stdout.strip(), command, ours=False, slow=name not in FAST_PEERS))
        else:
            absent.append(name)
    return found, absent


def fastest(command: list[str], environ: dict[str, str], runs: int) -> Cost:
    """The least of each figure but memory, of which the most."""
    costs = [cost_of(command, environ) for _ in range(runs)]
    return Cost(
        min(cost.seconds for cost in costs),
        min(cost.processor for cost in costs),
        max(cost.memory for cost in costs),
    )


def sampled(python: str, path: str, out: str, runs: int) -> Sample:
    """A file with its records counted and its floor timed."""
    with Path(path).open("rb") as lines:
        records = sum(1 for _ in lines)
    floor = fastest([python, "-c", FLOOR, path, out], {}, FLOORS_A_RUN * runs)
    return Sample(path, records, floor)


def cut(path: str, most: int, out: str) -> str:
    """The file's first records as a file of their own, or the file itself if it has no more."""
    with Path(path).open("rb") as lines, Path(out).open("wb") as file:
        file.writelines(islice(lines, most))
        return out if next(lines, b"") else path


def shown(seconds: float) -> str:
    """Seconds in two or three digits that tell."""
    return f"{seconds:.1f}" if seconds >= 1 else f"{seconds:.3f}"


def row(title: str, sample: Sample, cost: Cost, *, ours: bool) -> str:
    """One line of the table."""
    beyond = f"{(cost.memory * 2**20 - sample.bytes) / sample.records:,.0f}" if ours else ""
    cells = (
        title,
        f"{sample.records:,}",
        shown(cost.seconds),
        shown(cost.processor),
        f"{sample.records / cost.seconds:,.0f}",
        f"{cost.seconds / sample.records * 1e6:,.1f}",
        f"{cost.seconds / sample.floor.seconds:,.1f}",
        f"{cost.memory:,.0f}",
        beyond,
    )
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def row_of(job: Job, sample: Sample, out: str, runs: int) -> str:
    """One line of the table, made by running the command."""
    try:
        cost = fastest(job.on(sample.path, out), job.environ, runs)
    except subprocess.CalledProcessError as failed:
        last = failed.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return f"| {job.title} | {sample.records:,} | failed: {' '.join(last)} | | | | | | |"
    return row(job.title, sample, cost, ours=job.ours)


def main(given: argparse.Namespace) -> None:
    """Print the table, and what is left out of it."""
    peers, absent = peer_jobs(given.peers / "bin" / "python")
    print(f"{HEAD}\n|{'---|' * (HEAD.count('|') - 1)}")
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/out.jsonl"
        whole = sampled(given.python, given.file, out, given.runs)
        print(row("floor", whole, whole.floor, ours=False), flush=True)
        path = cut(given.file, given.slice, f"{folder}/slice.jsonl")
        part = whole if path == given.file else sampled(given.python, path, out, given.runs)
        if part is not whole:
            print(row("floor, slice", part, part.floor, ours=False), flush=True)
        for job in own_jobs(given.python) + peers:
            print(row_of(job, part if job.slow else whole, out, given.runs), flush=True)
    if absent:
        print(f"\nLeft out, for they are not installed: {', '.join(absent)}.")
        print("make bench PEERS=FOLDER installs them there.")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--slice", type=int, default=20_000, help="records for what is slow")
    parser.add_argument("--peers", type=Path, default=Path(".venv/peers"), help="their environment")
    parser.add_argument("--python", default=sys.executable, help="that dedupe is installed in")
    return parser.parse_args()


if __name__ == "__main__":
    main(arguments())
