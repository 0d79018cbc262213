"""Instructions that the kernel spends: ``python tests/bench/instructions.py [RECORDS]``.

Runs the stages with a compiled kernel on invented stories under ``valgrind --tool=callgrind``,
which counts within the kernel's functions alone. Prints a Markdown table by the unit of each stage:
a code point, a shingle, a key, a pair. The counts hang on no other work that the machine does.
"""

from __future__ import annotations

import pickle
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dedupe import kernel

if TYPE_CHECKING:
    from stages import Given

USUAL = 2_000
FUNCTIONS = {
    ("fold", "code point"): ("normalized_length", "tokenize", "find_core", "frame"),
    ("sketch", "shingle"): ("band_keys",),
    ("anchors", "headline"): ("rare_pair_keys",),
    ("candidates", "key"): ("group_keys", "pair_members"),
    ("screen", "pair"): ("prefilter_log_odds", "upper_bound_log_odds"),
    ("verify", "pair that is left"): ("aligned_features", "returning", "score_features"),
}
"""By stage and unit, the functions of ``dedupe.kernel`` that do its work."""
TOOLS = ("valgrind", "callgrind_annotate")
RUN = ("fold", "sketch", "candidates", "verify")
ENTRY = "enter_"
COUNTED = re.compile(rf"^\s*([\d,]+) .*[:/]{ENTRY}(\w+)\b", re.MULTILINE)


def units_of(of: Given) -> dict[str, int]:
    """How many of each unit the stages go through."""
    import numpy as np

    from dedupe.blocking.minhash import shingles
    from dedupe.scoring.prefilter import score_upper_bounds

    folded = of.folded
    spans = folded.starts, folded.ends, folded.spaceless
    return {
        "code point": sum(map(len, of.headlines)),
        "shingle": len(shingles(folded.tokens.codes, *spans)[0]),
        "headline": len(of.headlines),
        "key": sum(np.count_nonzero(family.keys) for family in of.families),
        "pair": len(of.ends),
        "pair that is left": int(
            (score_upper_bounds(of.evidence, of.ends) >= of.evidence.floor).sum()
        ),
    }


def counted(of: Given, folder: str) -> dict[str, int]:
    """The instructions of each function of the kernel."""
    held, profile = Path(folder) / "given", Path(folder) / "profile"
    held.write_bytes(pickle.dumps(of))
    valgrind, annotate = (shutil.which(tool) or tool for tool in TOOLS)
    command = [
        valgrind, "--tool=callgrind", "--collect-atstart=no", f"--toggle-collect={ENTRY}*",
        f"--callgrind-out-file={profile}", sys.executable, __file__, "--run", str(held),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    told = subprocess.run(
        [annotate, "--inclusive=yes", "--threshold=100", profile],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return {name: int(count.replace(",", "")) for count, name in COUNTED.findall(told.stdout)}


def run(held: str) -> None:
    """The child's work: what is to be counted, and nothing else of the kernel."""
    from stages import STAGES

    of = pickle.loads(Path(held).read_bytes())  # noqa: S301 - what we have just written
    for name in RUN:
        STAGES[name](of)


def main(records: int) -> None:
    """Print the table."""
    from stages import given

    of = given(records)
    units = units_of(of)
    with tempfile.TemporaryDirectory() as folder:
        instructions = counted(of, folder)
    if unseen := {name for names in FUNCTIONS.values() for name in names} - instructions.keys():
        sys.exit(f"{', '.join(sorted(unseen))}: not seen by valgrind; is the kernel stripped?")
    print("| stage | functions of the kernel | unit | units | instructions a unit |")
    print("|---|---|---|---|---|")
    for (stage, unit), names in FUNCTIONS.items():
        spent = sum(instructions[name] for name in names)
        shown = ", ".join(f"`{name}`" for name in names)
        print(f"| {stage} | {shown} | {unit} | {units[unit]:,} | {spent / units[unit]:,.0f} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        run(sys.argv[2])
    elif not kernel.available() or not all(map(shutil.which, TOOLS)):
        print("Instructions are not counted: that takes the compiled kernel, and valgrind.")
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else USUAL)
