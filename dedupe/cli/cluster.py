"""``dedupe cluster``, ``unique`` and ``pairs``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import is_terminal
from dedupe.cli.help import Command, examples
from dedupe.cli.options import CSV_SAFE, TO, Request, backend_options, run_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np
    from numpy.typing import NDArray

    from dedupe.io.annotate import Annotation
    from dedupe.io.parquet import ParquetFiles
    from dedupe.pipeline import Result

CLUSTER_HELP = """\
Add to each record the cluster that it belongs to.

Writes all records in input order. Each keeps its original bytes and gains one object (JSONL, lines)
or seven columns (CSV, TSV, Parquet): cluster, size, canonical, canonical_id, score, reason and
version. In JSON, version is there only if the headline states one (UPDATE 2-). --format tree shows
the clusters of two or more as text, with the differences marked.

Data that does not fit into memory goes to disk (--memory); --engine spark runs on many
machines.
"""

CLUSTER_EXAMPLES = examples(
    ("See which stories belong together, and why", "dedupe cluster stories.jsonl"),
    (
        "Merge only what is surely the same",
        "dedupe cluster -t 0.8 -o out.jsonl stories.jsonl",
    ),
    (
        "Compare other fields, the title at twice the weight",
        "dedupe cluster -f headline:2 -f body --window 3d stories.csv",
    ),
    ("Read through the clusters", "dedupe cluster --format tree --pager stories.jsonl"),
    (
        "Overrule decisions with your own labels",
        "dedupe cluster --links labels.jsonl stories.jsonl",
    ),
    ("Group the repeated blocks of an article page", "dedupe split article.txt | dedupe cluster"),
)


@click.command(cls=Command, help=CLUSTER_HELP, epilog=CLUSTER_EXAMPLES)
@click.option(
    "--format",
    "form",
    type=click.Choice(["records", "table", "tree"]),
    default="records",
    metavar="FORMAT",
    help="What to write: records, table or tree. records: every record with its cluster. table: "
    "the clusters as CSV for a spreadsheet, a row per record. tree: the clusters as text to "
    "read. Default: records.",
)
@click.option(
    "--pager", is_flag=True, help="Show the tree in $PAGER. Only if standard output is a terminal."
)
@CSV_SAFE
@TO
@run_options
@backend_options
def cluster_command(request: Request, *, form: str, pager: bool, csv_safe: bool) -> None:
    """Annotate every record, or show the clusters."""
    from dedupe.cli.run import check_spark_options, run_on_spark
    from dedupe.io.annotate import cluster_annotation

    if request.engine == "spark":
        tree = {f"--format {form}": form != "records", "--pager": pager}
        check_spark_options(request, {**tree, "--csv-safe": csv_safe})
        run_on_spark("cluster", request)
    elif form == "tree":
        show_tree(request, paged=pager)
    elif pager:
        raise click.UsageError("--pager needs --format tree")
    elif form == "table":
        write_table(request, csv_safe=csv_safe)
    else:
        run_records(
            "cluster",
            request,
            chosen=lambda result: result.clustering.canonical >= 0,
            annotation=lambda result: cluster_annotation(result.clustering, request.settings.into),
            csv_safe=csv_safe,
        )


def run_records(
    command: str,
    request: Request,
    *,
    chosen: Callable[[Result], NDArray[np.bool_]],
    annotation: Callable[[Result], Annotation | None],
    csv_safe: bool,
) -> None:
    """Write the chosen records of a run, each with its annotation, in the format asked for."""
    import numpy as np

    from dedupe.cli.run import Rendering, run_command
    from dedupe.io.convert import output_dialect, write_records
    from dedupe.io.csv_dialect import escape_formulas

    def render(result: Result) -> tuple[int, Iterable[bytes]]:
        batches, wanted = result.corpus.batches, chosen(result)
        chunks = write_records(batches, wanted, request.target, annotation(result))
        if csv_safe:
            chunks = escape_formulas(chunks, output_dialect(batches, request.target))
        return int(np.count_nonzero(wanted)), chunks

    def table(result: Result, parquet_files: ParquetFiles) -> Iterable[bytes]:
        from dedupe.io.parquet_write import write_table as parquet_table

        batches = result.corpus.batches
        return parquet_table(batches, chosen(result), parquet_files, annotation(result))

    run_command(command, request, Rendering(render, table))


def write_table(request: Request, *, csv_safe: bool) -> None:
    """Write the clusters of two or more as CSV or TSV."""
    from dedupe.cli.run import Rendering, run_command
    from dedupe.io.csv_dialect import DIALECTS, escape_formulas
    from dedupe.io.result_rows import write_cluster_table

    kind = request.target or "csv"
    if kind not in DIALECTS:
        raise click.UsageError(
            f"--format table writes csv or tsv, not {kind}; change --to or the suffix of --output"
        )
    if request.memory:
        raise click.UsageError(
            "--memory cannot be used with --format table, which holds all records in memory"
        )

    def render(result: Result) -> tuple[int, Iterable[bytes]]:
        chunks = write_cluster_table(result.corpus, result.clustering, request.settings, kind)
        shown = escape_formulas(chunks, DIALECTS[kind] if csv_safe else None)
        return int(result.clustering.stats["clusters"]), shown

    run_command("cluster", request, Rendering(render, with_texts=True, written=kind))


def show_tree(request: Request, *, paged: bool) -> None:
    """Write the clusters as a tree, to the window's width where there is a window."""
    from dedupe.cli.pair_layout import TextStyle, cluster_tree
    from dedupe.cli.run import Rendering, output_style, output_width, run_command

    if request.memory:
        raise click.UsageError(
            "--memory cannot be used with --format tree, which holds all records in memory"
        )
    if request.to:
        raise click.UsageError("--to cannot be used with --format tree, which writes text")
    look = TextStyle(output_width(request), output_style(request).colored)
    lines: list[str] = []
    paged = paged and request.output in (None, "-") and is_terminal(sys.stdout)

    def render(result: Result) -> tuple[int, Iterable[bytes]]:
        tree = cluster_tree(result, look)
        if paged:
            lines.extend(tree)
        clusters = int(result.clustering.stats["clusters"])
        return clusters, (line.encode("utf-8", "backslashreplace") for line in tree)

    run_command("cluster", request, Rendering(render, with_texts=True, written="text"))
    if paged:
        click.echo_via_pager(lines, color=look.color)


UNIQUE_HELP = """\
Keep one version of each story.

Writes the canonical records byte for byte, in input order. --prefer and --keep choose which version
of a story is canonical.

Data that does not fit into memory goes to disk (--memory); --engine spark runs on many
machines.
"""

UNIQUE_EXAMPLES = examples(
    ("Drop the copies from a stream", "zcat stories.jsonl.gz | dedupe unique > fresh.jsonl"),
    (
        "Keep the agency's version where there is one, else the earliest",
        "dedupe unique --prefer source:reuters,ap --keep earliest stories.jsonl",
    ),
    ("See what would go", "dedupe unique --duplicates stories.csv"),
)


@click.command(cls=Command, help=UNIQUE_HELP, epilog=UNIQUE_EXAMPLES)
@click.option(
    "--duplicates",
    is_flag=True,
    help="Write the dropped records instead. The two outputs together are the input.",
)
@click.option(
    "--count",
    is_flag=True,
    help="Add the number of records that each stands for. As dedupe.size, or dedupe_size in a "
    "table.",
)
@CSV_SAFE
@TO
@run_options
@backend_options
def unique_command(request: Request, *, duplicates: bool, count: bool, csv_safe: bool) -> None:
    """Write the canonical records, or the others."""
    import numpy as np

    from dedupe.cli.run import check_spark_options, run_on_spark
    from dedupe.io.annotate import size_annotation

    if count and duplicates:
        raise click.UsageError("--count and --duplicates cannot be used together")
    if request.engine == "spark":
        check_spark_options(request, {"--csv-safe": csv_safe, "--count": count})
        run_on_spark("duplicates" if duplicates else "unique", request)
        return

    def chosen(result: Result) -> NDArray[np.bool_]:
        canonical = result.clustering.canonical
        wanted: NDArray[np.bool_] = (canonical == np.arange(len(canonical))) != duplicates
        return wanted

    def annotation(result: Result) -> Annotation | None:
        return size_annotation(result.clustering, request.settings.into) if count else None

    run_records("unique", request, chosen=chosen, annotation=annotation, csv_safe=csv_safe)


PAIRS_HELP = """\
List the pairs of records that are near-duplicates.

Writes one JSON object per pair: the ids and line numbers of both records, the score, the score of
each field and the reason.

Data that does not fit into memory goes to disk (--memory); --engine spark runs on many
machines.
"""

PAIRS_EXAMPLES = examples(
    ("List all pairs", "dedupe pairs stories.jsonl"),
    ("Look at the doubtful ones too", "dedupe pairs -t 0.3 --from lines headlines.txt"),
)


@click.command(cls=Command, help=PAIRS_HELP, epilog=PAIRS_EXAMPLES)
@TO
@run_options
@backend_options
def pairs_command(request: Request) -> None:
    """List the verified pairs."""
    from dedupe.cli.run import (
        Rendering,
        check_spark_options,
        run_command,
        run_on_spark,
        writes_parquet,
    )
    from dedupe.io.convert import write_objects
    from dedupe.io.result_rows import RecordLocations, pair_columns, pair_objects, write_pairs

    if request.engine == "spark":
        check_spark_options(request, {"writing Parquet": writes_parquet(request)})
        run_on_spark("pairs", request)
        return

    def render(result: Result) -> tuple[int, Iterable[bytes]]:
        found = result.corpus, result.pairs, request.settings
        if request.target not in ("csv", "tsv"):
            return len(result.pairs), write_pairs(*found)
        several = RecordLocations(result.corpus).several
        columns = pair_columns(request.settings, several=several)
        return len(result.pairs), write_objects(pair_objects(*found), request.target, columns)

    def table(result: Result, _tables: ParquetFiles) -> Iterable[bytes]:
        from dedupe.io.parquet_write import write_pairs_table

        return write_pairs_table(result.corpus, result.pairs, request.settings)

    run_command("pairs", request, Rendering(render, table))
