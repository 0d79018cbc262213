import numpy as np
from numpy.typing import NDArray

def aligned_features(
    ids: NDArray[np.int32],
    zones: NDArray[np.uint8],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    weights: NDArray[np.int64],
    stems: NDArray[np.int32],
    concepts: NDArray[np.int32],
    sides: NDArray[np.int32],
    numbers: NDArray[np.bool_],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    out: NDArray[np.float64],
    /,
) -> None: ...
def log_odds(
    base: float,
    depth: int,
    roots: NDArray[np.int64],
    features: NDArray[np.int64],
    thresholds: NDArray[np.float64],
    yes: NDArray[np.int64],
    no: NDArray[np.int64],
    missing: NDArray[np.bool_],
    values: NDArray[np.float64],
    rows: NDArray[np.float64],
    out: NDArray[np.float64],
    /,
) -> None: ...
