"""The version of what is installed."""

from __future__ import annotations


def version() -> str:
    """Version of the installed distribution, ``unknown`` when run from a bare folder."""
    from importlib import metadata  # noqa: PLC0415 - as slow to load as the rest of the command

    try:
        return metadata.version("headline-dedupe")
    except metadata.PackageNotFoundError:
        return "unknown"
