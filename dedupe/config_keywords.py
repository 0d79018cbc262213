"""The settings as keywords of the functions that a program calls, for checkers and editors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal, TypedDict

from dedupe.config_values import Field


class SettingsKeywords(TypedDict, total=False):
    """The settings that matter for records in memory; None is as if not given."""

    field: str | Field | Sequence[str | Field] | None
    id_field: str | None
    date_field: str | None
    source_field: str | None
    threshold: float | None
    window: str | timedelta | None
    keep: str | Sequence[str] | None
    prefer: str | Sequence[str] | None
    linkage: Literal["average", "leader"] | None
    updates: Literal["merge", "split"] | None
    numbers: Literal["strict", "weigh", "ignore"] | None
    links: str | None
    jobs: int | None
    on_error: Literal["fail", "skip"] | None
    into: str | None
    seed: int | Literal["random"] | None
    date_format: str | None
    same: Literal["id", "url"] | Sequence[Literal["id", "url"]] | None


FOR_FILES = ("max_line", "max_ratio", "encoding", "delimiter", "no_header", "csv_escape")
"""The other settings, which say how files are read."""
