"""How each peer clusters texts: texts and a threshold in, a group number for each text out.

Each is used as its own documentation shows; where it yields pairs, connected components follow.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

SLOTS = 128
SEED = 42
LOOSE = 0.5
THRESHOLDS = {
    "reuters_weeks": (0.7, 0.75, 0.8, 0.85),
    "newstoday": (0.4, 0.5, 0.6, 0.7),
    "reuters21578": (0.5, 0.6, 0.7, 0.8),
    "uci": (0.3, 0.4, 0.5, 0.6),
}
"""Around what suits each corpus: the larger it is, the more chance likenesses it holds."""


def components(count: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    """The connected component of each of ``count`` nodes."""
    parents = list(range(count))

    def root(node: int) -> int:
        while parents[node] != node:
            parents[node] = node = parents[parents[node]]
        return node

    for left, right in edges:
        parents[root(left)] = root(right)
    return [root(node) for node in range(count)]


def shingles(text: str) -> list[str]:
    """The runs of four characters of a lower-cased text."""
    folded = text.lower()
    return [folded[start : start + 4] for start in range(max(1, len(folded) - 3))]


def near_dupes(texts: Sequence[str], threshold: float) -> list[int]:
    """near-dupes: exact Jaccard of character trigrams over MinHash candidates."""
    from near_dupes import find_duplicates

    found = find_duplicates(list(texts), kind="text", threshold=threshold)
    return components(len(texts), ((group[0], one) for group in found.groups for one in group))


def text_dedup(texts: Sequence[str], threshold: float) -> list[int]:
    """text-dedup's MinHash command over words, no text too short."""
    import orjson
    from text_dedup import minhash

    with tempfile.TemporaryDirectory() as folder:
        source = f"{folder}/texts.jsonl"
        with open(source, "wb") as file:  # noqa: PTH123 - the peer takes a string too
            file.writelines(orjson.dumps({"text": text}) + b"\n" for text in texts)
        options = {"--path": "json", "--data_files": source, "--split": "train", "--column": "text"}
        options |= {"--cache_dir": f"{folder}/cache", "--output": f"{folder}/out"}
        options |= {"--ngram": "1", "--min_length": "1", "--threshold": str(threshold)}
        minhash.main([part for option in options.items() for part in option], standalone_mode=False)
    return [minhash.uf.find(place) for place in range(len(texts))]


def lsh_pairs(texts: Sequence[str], threshold: float) -> Iterable[tuple[int, int]]:
    """Pairs that datasketch's MinHashLSH finds, text by text."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=threshold, num_perm=SLOTS)
    for place, text in enumerate(texts):
        sketch = MinHash(num_perm=SLOTS)
        sketch.update_batch([shingle.encode() for shingle in set(shingles(text))])
        yield from ((place, earlier) for earlier in index.query(sketch))
        index.insert(place, sketch)


def datasketch(texts: Sequence[str], threshold: float) -> list[int]:
    """The script that everyone writes: MinHashLSH, and what it finds is one."""
    return components(len(texts), lsh_pairs(texts, threshold))


def datasketch_rapidfuzz(texts: Sequence[str], threshold: float) -> list[int]:
    """The longer script that everyone writes: rapidfuzz checks what a loose MinHashLSH finds."""
    from rapidfuzz.fuzz import token_sort_ratio
    from rapidfuzz.utils import default_process

    folded = [default_process(text) for text in texts]
    edges = (
        (left, right)
        for left, right in lsh_pairs(texts, LOOSE)
        if token_sort_ratio(folded[left], folded[right]) >= 100 * threshold
    )
    return components(len(texts), edges)


def rensa(texts: Sequence[str], threshold: float) -> list[int]:
    """Rensa's deduplicator: the kept texts, and for the others the kept ones that they match."""
    from rensa import RMinHash, RMinHashDeduplicator

    sketches = RMinHash.from_token_sets([shingles(text) for text in texts], SLOTS, SEED)
    kept = RMinHashDeduplicator(threshold, SLOTS, use_lsh=True, seed=SEED)
    kept.add_pairs((str(place), sketch) for place, sketch in enumerate(sketches))
    found = kept.get_duplicate_sets(sketches)
    edges = ((place, int(key)) for place, keys in enumerate(found) for key in keys)
    return components(len(texts), edges)


class WordVectors:
    """Static word vectors that come inside a package, as SemHash takes an encoder."""

    def __init__(self) -> None:
        import wordllama

        inside = Path(wordllama.__file__).parent
        self.model = wordllama.WordLlama.load(cache_dir=inside, disable_download=True)

    def encode(self, inputs: Sequence[str], **_: Any) -> Any:
        """The mean word vector of each text."""
        return self.model.embed(list(inputs), norm=True)


def semhash(texts: Sequence[str], threshold: float) -> list[int]:
    """SemHash with WordLlama's vectors: its own model is a download from elsewhere."""
    from semhash import SemHash

    records = [{"place": place, "text": text} for place, text in enumerate(texts)]
    index = SemHash.from_records(records, columns=["text"], model=WordVectors())
    found = index.self_deduplicate(threshold=threshold).filtered
    edges = ((hit.record["place"], hit.duplicate_of["place"]) for hit in found)
    return components(len(texts), edges)


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer: what the table calls it, the packages it needs, its function.

    ``shift`` is added to the thresholds that are tried.
    """

    title: str
    packages: tuple[str, ...]
    cluster: Callable[[Sequence[str], float], list[int]]
    shift: float = 0.0

    def thresholds(self, corpus: str) -> list[float]:
        """The thresholds to try on a corpus."""
        return [round(threshold + self.shift, 2) for threshold in THRESHOLDS[corpus]]


PEERS = {
    "near-dupes": Peer("near-dupes {}", ("near-dupes",), near_dupes),
    "text-dedup": Peer("text-dedup {}, MinHash", ("text-dedup",), text_dedup),
    "datasketch": Peer("script: datasketch {}, MinHashLSH", ("datasketch",), datasketch),
    "datasketch-rapidfuzz": Peer(
        "script: datasketch {}, then rapidfuzz {}",
        ("datasketch", "rapidfuzz"),
        datasketch_rapidfuzz,
        0.1,
    ),
    "rensa": Peer("rensa {}, deduplicator", ("rensa",), rensa),
    "semhash": Peer("SemHash {}, vectors of WordLlama {}", ("semhash", "wordllama"), semhash),
}
