import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

# Use the loops that this processor runs best, or the portable ones; return whether the former.
def widen(wanted: bool, /) -> bool: ...

# Have numpy keep arrays of at least ``least`` bytes in files of a folder; "" returns to memory.
# Release the pages of these arrays; return the system's error when a file could not be made.
def map_arrays(folder: str, least: int, /) -> None: ...
def release_pages() -> None: ...
def mapping_trouble() -> str: ...

# Give what was freed of memory back to the system, where the C library keeps it.
def trim_heap() -> None: ...

# dedupe.prepare.prepare_compiled: the arrays of ``tables``, then the memos (written), the bytes of
# texts, where each starts and ends, whether it was cleaned, and its outlet; the keys of the outlets
# and their ends, the multipliers and offsets of MinHash, and how many characters count, and whether
# equal texts are prepared once. The last ten are written: which of the prepared texts each is, then
# of these: ends of tokens and of letters, fingerprints, band keys, rare keys, languages, versions,
# facts, lengths. Returns the tokens and the letters.
def prepare(*arrays: NDArray[np.generic]) -> tuple[Buffer, Buffer]: ...

# dedupe.hashing.span_digests: of the bytes from each start to its end.
def digest_records(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    out: NDArray[np.uint64],
    /,
) -> None: ...

# dedupe.arrays.copy_rows: of rows of items of a width in bytes.
def copy_rows(
    data: NDArray[np.uint8],
    width: NDArray[np.int64],
    offsets: NDArray[np.int64],
    wanted: NDArray[np.int64],
    out: NDArray[np.uint8],
    /,
) -> None: ...

# dedupe.preprocess: numbers pairs of words by first appearance, -1 for two zeros; returns how many
# distinct ones there are.
def number_pairs(pairs: NDArray[np.uint64], out: NDArray[np.int64], /) -> int: ...

# dedupe.blocking.look_back.group_records: the keys of texts, the texts of records in each field,
# and the salts of the fields. Returns the chains, and unless only these are asked for the members
# and the starts of the buckets, and the bucket of each key.
def group_keys(
    keys: NDArray[np.uint32],
    rows: NDArray[np.int32],
    salts: NDArray[np.uint32],
    chains_only: NDArray[np.bool_],
    /,
) -> tuple[Buffer, ...]: ...

# dedupe.blocking.look_back.LookBack.candidates: of both kinds of keys the chains, which places
# changed, and the limits; then the records, the range of those that look back, and the starts,
# which are written. Returns the partners.
def find_candidates(
    rare_previous: NDArray[np.uint32],
    rare_changed: NDArray[np.uint8],
    rare_limits: NDArray[np.int64],
    band_previous: NDArray[np.uint32],
    band_changed: NDArray[np.uint8],
    band_limits: NDArray[np.int64],
    in_play: NDArray[np.bool_],
    before: NDArray[np.bool_],
    times: NDArray[np.int64],
    records: NDArray[np.int64],
    starts: NDArray[np.int64],
    /,
) -> Buffer: ...

# dedupe.blocking.look_back.changed_places
def mark_changed(
    previous: NDArray[np.uint32], changed: NDArray[np.bool_], out: NDArray[np.uint8], /
) -> None: ...

# dedupe.clustering.groups.connected; the labels begin as the numbers of the nodes.
def connect(
    left: NDArray[np.int64], right: NDArray[np.int64], labels: NDArray[np.int64], /
) -> None: ...

# dedupe.clustering.linkage.leader_cluster: ranks, pairs, scores and pinned nodes; the leaders are
# written.
def lead(
    ranks: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    scores: NDArray[np.float64],
    pinned: NDArray[np.bool_],
    leaders: NDArray[np.int64],
    /,
) -> None: ...

# dedupe.scoring.score: the arrays of TextScoring, then the pairs.
def score(
    tokens: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    letters: NDArray[np.uint8],
    letter_offsets: NDArray[np.int64],
    facts: NDArray[np.uint8],
    cuts: NDArray[np.float64],
    firsts: NDArray[np.int64],
    left_leaves: NDArray[np.uint8],
    leaves: NDArray[np.float64],
    base: NDArray[np.float64],
    rows: NDArray[np.int32],
    weights: NDArray[np.float64],
    numbers: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    out: NDArray[np.float64],
    /,
) -> None: ...
def features(
    tokens: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    letters: NDArray[np.uint8],
    letter_offsets: NDArray[np.int64],
    facts: NDArray[np.uint8],
    cuts: NDArray[np.float64],
    firsts: NDArray[np.int64],
    left_leaves: NDArray[np.uint8],
    leaves: NDArray[np.float64],
    base: NDArray[np.float64],
    rows: NDArray[np.int32],
    weights: NDArray[np.float64],
    numbers: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    out: NDArray[np.float64],
    features: NDArray[np.float64],
    /,
) -> None: ...

# dedupe.scoring.score.similarities; a row a pair, a column a field.
def similarities(
    tokens: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    letters: NDArray[np.uint8],
    letter_offsets: NDArray[np.int64],
    facts: NDArray[np.uint8],
    cuts: NDArray[np.float64],
    firsts: NDArray[np.int64],
    left_leaves: NDArray[np.uint8],
    leaves: NDArray[np.float64],
    base: NDArray[np.float64],
    rows: NDArray[np.int32],
    weights: NDArray[np.float64],
    numbers: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    out: NDArray[np.float64],
    /,
) -> None: ...

# Scores the candidates of a range of records; returns those of at least ``least`` as PAIR.
def score_candidates(
    tokens: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    letters: NDArray[np.uint8],
    letter_offsets: NDArray[np.int64],
    facts: NDArray[np.uint8],
    cuts: NDArray[np.float64],
    firsts: NDArray[np.int64],
    left_leaves: NDArray[np.uint8],
    leaves: NDArray[np.float64],
    base: NDArray[np.float64],
    rows: NDArray[np.int32],
    weights: NDArray[np.float64],
    numbers: NDArray[np.int64],
    starts: NDArray[np.int64],
    partners: NDArray[np.uint32],
    records: NDArray[np.int64],
    least: NDArray[np.float64],
    /,
) -> Buffer: ...

# dedupe.scoring.model.Forest.log_odds: the arrays of QuickScorer, then the rows.
def log_odds(
    cuts: NDArray[np.float64],
    firsts: NDArray[np.int64],
    left_leaves: NDArray[np.uint8],
    leaves: NDArray[np.float64],
    base: NDArray[np.float64],
    rows: NDArray[np.float64],
    out: NDArray[np.float64],
    /,
) -> None: ...

# dedupe.scoring.metadata; three columns: days, weeks, headlines.
def count_stems(
    members: NDArray[np.uint32],
    starts: NDArray[np.int64],
    wanted: NDArray[np.bool_],
    in_play: NDArray[np.bool_],
    days: NDArray[np.int64],
    first: NDArray[np.bool_],
    out: NDArray[np.int64],
    /,
) -> None: ...
def shared_minima(
    of: NDArray[np.uint32],
    counts: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    out: NDArray[np.int64],
    /,
) -> None: ...

# dedupe.scoring.metadata.adjustments: the trees with cuts in seconds and counts, the most that they
# take off without a series and the most that they add, what is known of records, the buckets of
# each and their counts, and the pairs.
def adjust_pairs(
    cuts: NDArray[np.float64],
    firsts: NDArray[np.int64],
    left_leaves: NDArray[np.uint8],
    leaves: NDArray[np.float64],
    base: NDArray[np.float64],
    bounds: NDArray[np.float64],
    times: NDArray[np.int64],
    days_only: NDArray[np.bool_],
    outlets: NDArray[np.int64],
    titles: NDArray[np.int64],
    of: NDArray[np.uint32],
    counts: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    equal: NDArray[np.bool_],
    out: NDArray[np.float64],
    /,
) -> None: ...
