"""The same input, settings and version give the same bytes, here, elsewhere and next year."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from commandline import FIXTURES, PROJECT, dedupe, environment, finished
from kernels import needs_kernel

from dedupe.hashing import CLUSTERS, SIGNATURES

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = PROJECT / "tests" / "digest.py"
GOLDEN = PROJECT / "tests" / "golden" / "digests.json"
FORMATS = {"signatures": SIGNATURES, "clusters": CLUSTERS}
HELP = (
    "{name} are not what format {number} gave. If the change is meant, raise {upper} in "
    "dedupe/hashing.py, tell of it in CHANGELOG.md, and write the digests anew: "
    "python -m pytest tests/test_reproducible.py --golden"
)
PATHS = {"by the kernel": "0", "by numpy": "1"}


def digests(folder: Path, **extra: str) -> dict[str, str]:
    done = finished([sys.executable, str(DIGEST)], folder, b"", environment(**extra))
    assert done.code == 0, done.err
    return json.loads(done.out)


def complaint(name: str) -> str:
    return HELP.format(name=name, number=FORMATS[name], upper=name.upper())


def renewed(held: dict[str, dict[str, object]], name: str, digest: str) -> dict[str, object]:
    """The golden row of a digest: a new one under a higher number alone."""
    row = held.get(name, {"format": 0, "digest": ""})
    if digest != row["digest"]:
        assert FORMATS[name] > row["format"], complaint(name)
    return {"format": FORMATS[name], "digest": digest}


@pytest.mark.parametrize("pure", PATHS.values(), ids=PATHS)
def test_signatures_and_cluster_ids_are_those_of_their_format(
    pure: str, tmp_path: Path, request: pytest.FixtureRequest
):
    found = digests(tmp_path, DEDUPE_PURE=pure)
    held = json.loads(GOLDEN.read_text())
    if request.config.getoption("golden"):
        held = {name: renewed(held, name, digest) for name, digest in found.items()}
        GOLDEN.write_text(json.dumps(held, indent=2) + "\n")
    for name, digest in found.items():
        assert held[name]["format"] == FORMATS[name], f"write {GOLDEN.name} anew by --golden"
        assert held[name]["digest"] == digest, complaint(name)


def test_other_digests_want_a_higher_number():
    held = {"clusters": {"format": CLUSTERS, "digest": "before"}}
    assert renewed(held, "clusters", "before") == held["clusters"]
    with pytest.raises(AssertionError, match=r"clusters are not what .* raise CLUSTERS in"):
        renewed(held, "clusters", "after")
    older = {"clusters": {"format": CLUSTERS - 1, "digest": "before"}}
    assert renewed(older, "clusters", "after")["digest"] == "after"


COMMANDS = {
    "cluster": ("cluster", "--linkage", "leader"),
    "unique": ("unique",),
    "pairs": ("pairs",),
}


@needs_kernel
@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_output_is_the_same_by_kernel_and_numpy_and_with_any_jobs(
    arguments: tuple[str, ...], tmp_path: Path
):
    shutil.copy(FIXTURES / "stories.jsonl", tmp_path)
    outputs = set()
    for jobs, pure, seed in (("1", "0", "0"), ("3", "0", "7"), ("2", "1", "42")):
        extra = {"DEDUPE_PURE": pure, "PYTHONHASHSEED": seed}
        given = (*arguments, "-q", "--jobs", jobs, "stories.jsonl")
        done = dedupe(*given, folder=tmp_path, **extra)
        assert done.code == 0, done.err
        outputs.add(done.out)
    assert len(outputs) == 1
    assert outputs != {b""}


def test_stats_tell_the_formats(tmp_path: Path):
    shutil.copy(FIXTURES / "stories.jsonl", tmp_path)
    done = dedupe("unique", "--stats", "s.json", "stories.jsonl", folder=tmp_path)
    assert done.code == 0, done.err
    assert json.loads((tmp_path / "s.json").read_text())["formats"] == FORMATS
