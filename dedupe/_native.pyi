import numpy as np
from numpy.typing import NDArray

# Run the loops that this processor runs best, or those that any runs; returns whether the first.
def widen(wanted: bool, /) -> bool: ...

# dedupe.folding.scan; the tokens are those of Tokens.arrays, with room for folded_length of each.
def folded_length(
    pages: NDArray[np.uint16],
    entries: NDArray[np.uint32],
    expansions: NDArray[np.uint32],
    raw: NDArray[np.uint32],
    /,
) -> int: ...
def scan(
    pages: NDArray[np.uint16],
    entries: NDArray[np.uint32],
    expansions: NDArray[np.uint32],
    raw: NDArray[np.uint32],
    sizes: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    kinds: NDArray[np.uint8],
    cases: NDArray[np.uint8],
    gaps: NDArray[np.uint8],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    offsets: NDArray[np.int64],
    codes: NDArray[np.uint32],
    bounds: NDArray[np.int64],
    /,
) -> None: ...

# dedupe.folding.affixes; all phrases are sorted.
def find_core(
    hashes: NDArray[np.uint64],
    kinds: NDArray[np.uint8],
    cases: NDArray[np.uint8],
    gaps: NDArray[np.uint8],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    offsets: NDArray[np.int64],
    codes: NDArray[np.uint32],
    bounds: NDArray[np.int64],
    tags: NDArray[np.uint64],
    gone: NDArray[np.uint64],
    outlets: NDArray[np.uint64],
    learned: NDArray[np.uint64],
    heads: NDArray[np.int64],
    tails: NDArray[np.int64],
    versions: NDArray[np.int16],
    withdrawn: NDArray[np.bool_],
    /,
) -> None: ...

# dedupe.folding; the last four are written.
def frame(
    hashes: NDArray[np.uint64],
    kinds: NDArray[np.uint8],
    cases: NDArray[np.uint8],
    gaps: NDArray[np.uint8],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    offsets: NDArray[np.int64],
    codes: NDArray[np.uint32],
    bounds: NDArray[np.int64],
    heads: NDArray[np.int64],
    tails: NDArray[np.int64],
    story_starts: NDArray[np.int64],
    story_stops: NDArray[np.int64],
    spaceless: NDArray[np.bool_],
    prints: NDArray[np.uint64],
    /,
) -> None: ...

# dedupe.sketch.minhash; one row a story and one column a band, of at most 1024 slots in all.
def band_keys(
    codes: NDArray[np.uint32],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    spaceless: NDArray[np.bool_],
    multipliers: NDArray[np.uint32],
    offsets: NDArray[np.uint32],
    out: NDArray[np.uint64],
    /,
) -> None: ...

# dedupe.sketch.anchors; the words are sorted, their weights followed by that of any other.
def anchor_keys(
    hashes: NDArray[np.uint64],
    kinds: NDArray[np.uint8],
    cases: NDArray[np.uint8],
    gaps: NDArray[np.uint8],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    offsets: NDArray[np.int64],
    codes: NDArray[np.uint32],
    bounds: NDArray[np.int64],
    heads: NDArray[np.int64],
    tails: NDArray[np.int64],
    words: NDArray[np.uint64],
    weights: NDArray[np.int64],
    out: NDArray[np.uint64],
    /,
) -> None: ...

# dedupe.pipeline.describe.first_seen; returns how many there are.
def first_seen(
    hashes: NDArray[np.uint64],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    codes: NDArray[np.uint32],
    out: NDArray[np.int64],
    /,
) -> int: ...

# dedupe.hashing.find; the keys are sorted.
def find_hashes(
    keys: NDArray[np.uint64], wanted: NDArray[np.uint64], out: NDArray[np.int64], /
) -> None: ...

# dedupe.hashing.find_sorted; both are sorted.
def find_sorted(
    held: NDArray[np.int64], wanted: NDArray[np.int64], out: NDArray[np.int64], /
) -> None: ...

# dedupe.index.postings.spans: where the entries of each key begin, in the part of that place.
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

# dedupe.index.postings.merged; returns how many words are written.
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

# dedupe.candidates: the texts ``names`` in their order, the row of each, and the keys to count as
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

# dedupe.verify.features; sixteen columns, and no row for a pair with an empty text.
def aligned_features(
    ids: NDArray[np.int32],
    zones: NDArray[np.uint8],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    words: NDArray[np.int32],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    out: NDArray[np.float64],
    /,
) -> None: ...

# dedupe.verify.context; three columns: days, weeks, headlines.
def returning(
    keys: NDArray[np.int32],
    meetings: NDArray[np.float64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    out: NDArray[np.float64],
    /,
) -> None: ...

# dedupe.verify.model; the leaves are added to what the totals hold.
def log_odds(
    cuts: NDArray[np.float64],
    firsts: NDArray[np.int64],
    left: NDArray[np.uint8],
    leaves: NDArray[np.float64],
    rows: NDArray[np.float64],
    totals: NDArray[np.float64],
    /,
) -> None: ...

# dedupe.verify.odds; the leaves are added to what the odds and the hopes hold.
def judge_looks(
    cuts: NDArray[np.float64],
    firsts: NDArray[np.int64],
    stays: NDArray[np.uint8],
    leaves: NDArray[np.float64],
    lead: NDArray[np.float64],
    back: NDArray[np.float64],
    context: NDArray[np.float64],
    odds: NDArray[np.float64],
    hopes: NDArray[np.float64],
    /,
) -> None: ...

# dedupe.verify.glance.
def glance(
    ids: NDArray[np.int32],
    zones: NDArray[np.uint8],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
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

# dedupe.verify.screen; the leaves are added to what the odds hold. One field or two; where there is
# one it is given twice.
def screen(
    ids: NDArray[np.int32],
    zones: NDArray[np.uint8],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
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

# dedupe.pipeline.spans; two columns: days, weeks.
def count_spans(
    starts: NDArray[np.int64],
    records: NDArray[np.int32],
    days: NDArray[np.int32],
    alive: NDArray[np.bool_],
    out: NDArray[np.int64],
    /,
) -> None: ...

# dedupe.pipeline.register.Holdings; the counts are added to those in ``out``.
def count_words(
    ends: NDArray[np.int64],
    words: NDArray[np.int32],
    counted: NDArray[np.bool_],
    out: NDArray[np.int64],
    /,
) -> None: ...
