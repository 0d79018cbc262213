"""Open a corpus for the commands that judge pairs, with progress and the ``--stats`` file."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dedupe.cli.console import is_terminal, standard_input
from dedupe.cli.progress import Progress
from dedupe.judge.scoring import case_of
from dedupe.reading import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.cli.options import Request
    from dedupe.pipeline.case import Case
    from dedupe.stories import Tally


@contextmanager
def study(request: Request, tally: Tally) -> Iterator[tuple[Case, Progress]]:
    """Read and describe the files of a request, and show progress while the block lasts."""
    watched = is_terminal(sys.stderr) and not request.console.quiet
    with Progress(sys.stderr if watched else None) as progress:
        batches = read(
            request.files, request.settings, tally, stdin=standard_input(), format=request.format
        )
        yield case_of(progress.reading(batches), request.settings, progress), progress
