"""What the tests of the kernel share: a computation by it and by its plain twin."""

from __future__ import annotations

from dataclasses import is_dataclass

import numpy as np
import pytest

from dedupe import kernel

PORTABLE, WIDE = False, True
needs_kernel = pytest.mark.skipif(not kernel.available(), reason="the kernel is not built")


def three_ways(compute):
    """Return what a computation gives plainly, by the portable loops and by the wide ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(kernel.PURE, "1")
        pure = compute()
        patch.setenv(kernel.PURE, "0")
        kernel.widen(PORTABLE)
        try:
            portable = compute()
        finally:
            kernel.widen(WIDE)
        return pure, portable, compute()


def bits(value):
    """Return a value down to its bits, for an exact comparison."""
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, value.tobytes()
    if isinstance(value, (list, tuple)):
        return tuple(map(bits, value))
    if is_dataclass(value):
        return {name: bits(getattr(value, name)) for name in value.__slots__}
    return value


def agree(compute):
    """Return whether a computation gives the same bits all three ways."""
    pure, portable, wide = map(bits, three_ways(compute))
    return pure == portable == wide
