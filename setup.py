"""Compile the kernel and write the man pages; a build goes on without either.

Without a compiler the numpy path gives the same results; without click there are no man pages.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup

LIMITED = "0x030B0000"
KERNEL = Path("dedupe/_kernel")
# No fused multiply-add and no reordering of sums: a double is the same as in numpy.
STRICT = ["/O2", "/std:c11", "/fp:precise"] if sys.platform == "win32" else [
    "-O3", "-std=c11", "-ffp-contract=off", "-Wall", "-Wextra", "-fvisibility=hidden",
]  # fmt: skip

# For the tests alone (make sanitize): reads and writes out of bounds, and undefined behaviour.
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
SANITIZED = SANITIZERS if os.environ.get("DEDUPE_SANITIZE") == "1" else []


def write_man_pages() -> None:
    """Write the man pages to ``build/man``, from where they are installed."""
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        from dedupe.cli.manual import main  # noqa: PLC0415 - needs click
    except ImportError:
        return
    main(Path("build/man"))


write_man_pages()
setup(
    ext_modules=[
        Extension(
            "dedupe._native",
            sources=sorted(map(str, KERNEL.rglob("*.c"))),
            depends=sorted(map(str, KERNEL.rglob("*.h"))),
            include_dirs=[str(KERNEL)],
            define_macros=[("Py_LIMITED_API", LIMITED)],
            extra_compile_args=[*STRICT, *SANITIZED, *(["-g", "-O1"] if SANITIZED else [])],
            extra_link_args=SANITIZED,
            py_limited_api=True,
            optional=not SANITIZED,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
