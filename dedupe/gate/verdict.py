"""Figures against limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dedupe.stories import Limits

UNLIMITED = (None, None, None)
ROUNDING = 1e-6


def exceeded(limits: Limits, duplicates: int, records: int, largest: int) -> tuple[str, ...]:
    """Word each limit that so many duplicates, in clusters of at most ``largest``, do not keep."""
    told = []
    unlimited = (limits.duplicates, limits.rate, limits.cluster) == UNLIMITED
    most = 0 if unlimited else limits.duplicates
    if most is not None and duplicates > most:
        noun = "duplicate" if duplicates == 1 else "duplicates"
        told.append(f"{duplicates:,} {noun}, {f'at most {most:,}' if most else 'none'} allowed")
    if limits.rate is not None and duplicates - limits.rate * records > ROUNDING:
        rate = percent(duplicates / records)
        told.append(f"{rate} duplicates, at most {percent(limits.rate)} allowed")
    if limits.cluster is not None and largest > limits.cluster:
        told.append(f"a cluster of {largest:,}, at most {limits.cluster:,} allowed")
    return tuple(told)


def percent(share: float) -> str:
    """A share in percent, in as few digits as tell it.

    >>> percent(0.005), percent(1 / 3), percent(1)
    ('0.5%', '33.33%', '100%')
    """
    return f"{100 * share:.4g}%"
