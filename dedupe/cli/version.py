"""The version of what is installed."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """Version of the installed distribution, ``unknown`` when run from a bare folder."""
    try:
        return metadata.version("headline-dedupe")
    except metadata.PackageNotFoundError:
        return "unknown"
