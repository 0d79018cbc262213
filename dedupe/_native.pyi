import numpy as np
from numpy.typing import NDArray

# Run the loops that this processor runs best, or those that any runs; returns whether the first.
def widen(wanted: bool, /) -> bool: ...

# Have numpy take arrays of at least so many bytes from files of a folder, or of "" from memory
# again; give the pages of all such arrays back; what the system said when one could not be made.
def map_arrays(folder: str, least: int, /) -> None: ...
def release_pages() -> None: ...
def mapping_trouble() -> str: ...

# dedupe.text.tokenize; the tokens are those of Tokens.arrays, each with normalized_length places.
def normalized_length(
    pages: NDArray[np.uint16],
    entries: NDArray[np.uint32],
    expansions: NDArray[np.uint32],
    raw: NDArray[np.uint32],
    /,
) -> int: ...
def tokenize(
    pages: NDArray[np.uint16],
    entries: NDArray[np.uint32],
    expansions: NDArray[np.uint32],
    raw: NDArray[np.uint32],
    sizes: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    classes: NDArray[np.uint8],
    cases: NDArray[np.uint8],
    gaps: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    offsets: NDArray[np.int64],
    codes: NDArray[np.uint32],
    bounds: NDArray[np.int64],
    /,
) -> None: ...

# dedupe.text.affixes; all phrases are sorted.
def find_core(
    hashes: NDArray[np.uint64],
    classes: NDArray[np.uint8],
    cases: NDArray[np.uint8],
    gaps: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    offsets: NDArray[np.int64],
    codes: NDArray[np.uint32],
    bounds: NDArray[np.int64],
    tags: NDArray[np.uint64],
    gone: NDArray[np.uint64],
    outlets: NDArray[np.uint64],
    learned: NDArray[np.uint64],
    core_starts: NDArray[np.int64],
    core_ends: NDArray[np.int64],
    versions: NDArray[np.int16],
    withdrawn: NDArray[np.bool_],
    /,
) -> None: ...

# dedupe.text.normalize; the last four are written.
def frame(
    hashes: NDArray[np.uint64],
    classes: NDArray[np.uint8],
    cases: NDArray[np.uint8],
    gaps: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    offsets: NDArray[np.int64],
    codes: NDArray[np.uint32],
    bounds: NDArray[np.int64],
    core_starts: NDArray[np.int64],
    core_ends: NDArray[np.int64],
    story_starts: NDArray[np.int64],
    story_stops: NDArray[np.int64],
    spaceless: NDArray[np.bool_],
    fingerprints: NDArray[np.uint64],
    /,
) -> None: ...

# dedupe.blocking.minhash; one row a text and one column a band, of at most 1024 slots in all.
def band_keys(
    codes: NDArray[np.uint32],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    spaceless: NDArray[np.bool_],
    multipliers: NDArray[np.uint32],
    offsets: NDArray[np.uint32],
    out: NDArray[np.uint64],
    /,
) -> None: ...

# dedupe.blocking.rare_pairs; the words are sorted, their weights followed by that of any other.
def rare_pair_keys(
    hashes: NDArray[np.uint64],
    classes: NDArray[np.uint8],
    cases: NDArray[np.uint8],
    gaps: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    offsets: NDArray[np.int64],
    codes: NDArray[np.uint32],
    bounds: NDArray[np.int64],
    core_starts: NDArray[np.int64],
    core_ends: NDArray[np.int64],
    words: NDArray[np.uint64],
    weights: NDArray[np.int64],
    out: NDArray[np.uint64],
    /,
) -> None: ...

# dedupe.text.preprocess.first_seen; returns how many there are.
def first_seen(
    hashes: NDArray[np.uint64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    codes: NDArray[np.uint32],
    out: NDArray[np.int64],
    /,
) -> int: ...

# dedupe.arrays.find_positions; the keys are sorted.
def find_hashes(
    keys: NDArray[np.uint64], wanted: NDArray[np.uint64], out: NDArray[np.int64], /
) -> None: ...

# dedupe.arrays.find_in_sorted; both are sorted.
def find_sorted(
    held: NDArray[np.int64], wanted: NDArray[np.int64], out: NDArray[np.int64], /
) -> None: ...

# dedupe.index.postings.key_spans: where the entries of each key begin, in the part of that place.
def find_postings(
    data: NDArray[np.uint32],
    bounds: NDArray[np.int64],
    parts: NDArray[np.int64],
    keys: NDArray[np.uint32],
    bits: NDArray[np.int64],
    firsts: NDArray[np.int64],
    sizes: NDArray[np.int64],
    /,
) -> None: ...

# dedupe.index.postings.rows_of: the numbers and rows of the entries that are read.
def take_postings(
    data: NDArray[np.uint32],
    firsts: NDArray[np.int64],
    sizes: NDArray[np.int64],
    numbers: NDArray[np.int64],
    bits: NDArray[np.int64],
    rows: NDArray[np.int64],
    limits: NDArray[np.int64],
    out_numbers: NDArray[np.int64],
    out_rows: NDArray[np.int64],
    /,
) -> None: ...

# dedupe.index.postings.merge_postings_in_parts; returns how many words are written.
def merge_postings(
    data: NDArray[np.uint32],
    bounds: NDArray[np.int64],
    parts: NDArray[np.int64],
    bits: NDArray[np.int64],
    offsets: NDArray[np.int64],
    into: NDArray[np.int64],
    out: NDArray[np.uint32],
    out_bounds: NDArray[np.int64],
    /,
) -> int: ...

# dedupe.blocking.lsh: the texts ``names`` in their order, the row of each, and the keys to count as
# part and parts. Returns the number of buckets, whose sizes and keys are written, and members.
def group_keys(
    keys: NDArray[np.uint64],
    rows: NDArray[np.int64],
    names: NDArray[np.int64],
    part: NDArray[np.uint64],
    members: NDArray[np.uint32],
    sizes: NDArray[np.uint32],
    shared: NDArray[np.uint64],
    /,
) -> int: ...

# Returns how many pairs are written, of texts that are not the same.
def pair_members(
    members: NDArray[np.uint32], sizes: NDArray[np.uint32], out: NDArray[np.int64], /
) -> int: ...

# dedupe.scoring.features; sixteen columns, and no row for a pair with an empty text.
def aligned_features(
    ids: NDArray[np.int32],
    zones: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    words: NDArray[np.int32],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    out: NDArray[np.float64],
    /,
) -> None: ...

# dedupe.scoring.pair_context; three columns: days, weeks, headlines.
def returning(
    keys: NDArray[np.int32],
    pair_returns: NDArray[np.float64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    out: NDArray[np.float64],
    /,
) -> None: ...

# dedupe.scoring.model; the leaves are added to what the totals hold.
def log_odds(
    cuts: NDArray[np.float64],
    firsts: NDArray[np.int64],
    left: NDArray[np.uint8],
    leaves: NDArray[np.float64],
    rows: NDArray[np.float64],
    totals: NDArray[np.float64],
    /,
) -> None: ...

# dedupe.scoring.log_odds; the leaves are added to the odds and the upper bounds.
def score_features(
    cuts: NDArray[np.float64],
    firsts: NDArray[np.int64],
    stays: NDArray[np.uint8],
    leaves: NDArray[np.float64],
    primary: NDArray[np.float64],
    back: NDArray[np.float64],
    context: NDArray[np.float64],
    odds: NDArray[np.float64],
    upper_bounds: NDArray[np.float64],
    /,
) -> None: ...

# dedupe.scoring.prefilter.prefilter_log_odds.
def prefilter_log_odds(
    ids: NDArray[np.int32],
    zones: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    words: NDArray[np.int32],
    lede_ids: NDArray[np.int32],
    lede_zones: NDArray[np.uint8],
    lede_starts: NDArray[np.int64],
    lede_stops: NDArray[np.int64],
    lede_words: NDArray[np.int32],
    cuts: NDArray[np.float64],
    firsts: NDArray[np.int64],
    stays: NDArray[np.uint8],
    leaves: NDArray[np.float64],
    fields: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    gaps: NDArray[np.float64],
    same_source: NDArray[np.float64],
    odds: NDArray[np.float64],
    /,
) -> None: ...

# dedupe.scoring.prefilter.compiled_upper_bounds; the leaves are added to the odds. With one field
# its columns are given twice.
def upper_bound_log_odds(
    ids: NDArray[np.int32],
    zones: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    words: NDArray[np.int32],
    lede_ids: NDArray[np.int32],
    lede_zones: NDArray[np.uint8],
    lede_starts: NDArray[np.int64],
    lede_stops: NDArray[np.int64],
    lede_words: NDArray[np.int32],
    keys: NDArray[np.int32],
    cuts: NDArray[np.float64],
    firsts: NDArray[np.int64],
    stays: NDArray[np.uint8],
    leaves: NDArray[np.float64],
    fields: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    gaps: NDArray[np.float64],
    same_source: NDArray[np.float64],
    odds: NDArray[np.float64],
    /,
) -> None: ...

# dedupe.scoring.active_days; two columns: days, weeks.
def count_spans(
    starts: NDArray[np.int64],
    records: NDArray[np.int32],
    days: NDArray[np.int32],
    survivors: NDArray[np.bool_],
    out: NDArray[np.int64],
    /,
) -> None: ...

# dedupe.scoring.corpus_stats.WordColumn; the counts are added to those in ``out``.
def count_words(
    ends: NDArray[np.int64],
    words: NDArray[np.int32],
    counted: NDArray[np.bool_],
    out: NDArray[np.int64],
    /,
) -> None: ...
