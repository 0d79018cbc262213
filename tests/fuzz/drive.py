"""One target for some seconds: guided by coverage where atheris is installed, else by chance."""

from __future__ import annotations

import importlib.util
import os
import resource
import sys
import tempfile
import time
import traceback
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fuzz.watch import FindingError, Watch

GUIDED = importlib.util.find_spec("atheris") is not None
MEMORY = 1 << 30
"""Bytes that executions may take beside what the fuzzer itself has taken."""
OFTEN = 64
HANG = 30
"""Seconds after which libFuzzer ends an execution that does not come back."""


def fuzz_by_chance(watch: Watch, seconds: float) -> None:
    """Run changed seeds and arbitrary bytes; raises FindingError."""
    target = watch.target
    until = time.monotonic() + seconds
    places = st.integers(0, 1 << 10)
    change = st.tuples(places, st.integers(0, 9), st.binary(max_size=9))

    @settings(
        max_examples=200, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck), derandomize=False,
    )  # fmt: skip
    @given(st.one_of(st.sampled_from(target.seeds), st.binary()), st.lists(change, max_size=4))
    def attempt(data: bytes, changes: list[tuple[int, int, bytes]]) -> None:
        if time.monotonic() > until:
            return
        for place, gone, put in changes:
            at = place % (len(data) + 1)
            data = data[:at] + put + data[at + gone :]
        watch(data[: target.most])

    for seed in target.seeds:
        if time.monotonic() < until:
            watch(seed)
    while time.monotonic() < until:
        attempt()


def fuzz_by_coverage(name: str, seconds: float, findings: Path) -> NoReturn:
    """Let libFuzzer choose the inputs, until the time is up or there is a finding."""
    import atheris  # noqa: PLC0415 - only where it is installed

    with ExitStack() as stack:
        stack.enter_context(atheris.instrument_imports(include=["dedupe"]))
        from fuzz.targets import TARGETS  # noqa: PLC0415 - instruments what it imports
    target = TARGETS[name]
    watch = Watch(name, target, findings)
    until = time.monotonic() + seconds

    def attempt(data: bytes) -> None:
        if watch.executions % OFTEN == 0:
            limit_memory()
        try:
            watch(data)
        except FindingError as error:
            traceback.print_exception(error.__cause__)
            end(watch, str(error))
        if time.monotonic() > until:
            end(watch)

    corpus = Path(tempfile.mkdtemp(prefix="fuzz-corpus-"))
    for number, seed in enumerate(target.seeds):
        (corpus / str(number)).write_bytes(seed)
    findings.mkdir(parents=True, exist_ok=True)
    told = (f"-max_len={target.most}", f"-timeout={HANG}", f"-artifact_prefix={findings}/{name}-")
    atheris.Setup(["fuzz", *told, "-rss_limit_mb=0", str(corpus)], attempt)
    atheris.Fuzz()
    raise AssertionError("libFuzzer does not return")


def limit_memory() -> None:
    """Limit the address space; the fuzzer's own share grows, so the limit is set ever anew."""
    figures = Path("/proc/self/statm")
    if not figures.exists():  # no Linux
        return
    pages = int(figures.read_text().split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


def end(watch: Watch, finding: str = "") -> NoReturn:
    """Tell how it went; without the ordinary way out, which libFuzzer takes for a crash."""
    print(finding or watch.executions, flush=True)  # noqa: T201 - read by the process that waits
    os._exit(bool(finding))


def main(name: str, seconds: float, findings: Path) -> None:
    """Be the process of one target."""
    if GUIDED:
        fuzz_by_coverage(name, seconds, findings)
    from fuzz.targets import TARGETS  # noqa: PLC0415 - the same place as above

    watch = Watch(name, TARGETS[name], findings)
    limit_memory()
    try:
        fuzz_by_chance(watch, seconds)
    except FindingError as error:
        traceback.print_exception(error.__cause__)
        end(watch, str(error))
    end(watch)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]))
