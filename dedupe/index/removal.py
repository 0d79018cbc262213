"""Remove records, and give their clusters a canonical version again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import orjson

from dedupe.index import postings
from dedupe.index.answers import hex_name
from dedupe.index.facts import LEADS, PRESENT
from dedupe.index.matching import as_corpus, contents_of_facts
from dedupe.index.schema import PATIENCE, store_errors
from dedupe.models import NO_TIME
from dedupe.pipeline import canonical_order

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dedupe.index.store import Store

THOSE = "(SELECT value FROM json_each(?))"


def remove_records(
    store: Store, before: int | None = None, ids: Iterable[str] | None = None
) -> tuple[int, int]:
    """Delete records older than a time in seconds, or of some ids (or digests), and shrink.

    Undated records have no age. A cluster keeps its name; one that loses its canonical version
    gets the best of the others. Returns how many records went, and how many ids were not there.
    """
    with store.writing():
        gone, missing = np.zeros(0, np.int64), 0
        if before is not None:
            numbers = store.facts.with_flag(PRESENT)
            times = store.facts.of(numbers)["time"]
            gone = numbers[(times != NO_TIME) & (times < before)]
        if ids is not None:
            named, missing = numbers_of(store, set(ids))
            gone = np.union1d(gone, named)
        if len(gone):
            delete_records(store, gone)
            store.segments = postings.rewrite_segments(
                store.database, store.segments, store.is_present
            )
            store.save_facts()
            store.new_epoch()
    if len(gone):
        store.forget()
        shrink_file(store)
    return len(gone), missing


def numbers_of(store: Store, wanted: set[str]) -> tuple[NDArray[np.int64], int]:
    """Return the records of some ids or digests, and how many of these no record has."""
    found, names = [], set()
    for number, given, digest in store.database.execute("SELECT number, id, digest FROM record"):
        name = given or hex_name(digest)
        if name in wanted:
            found.append(number)
            names.add(name)
    return np.array(sorted(found), np.int64), len(wanted - names)


def delete_records(store: Store, numbers: NDArray[np.int64]) -> None:
    """Delete records, and mend the clusters that held them; their postings stay until a merge."""
    if not len(numbers):
        return
    database, those = store.database, orjson.dumps(numbers.tolist()).decode()
    query = f"SELECT DISTINCT cluster FROM record WHERE number IN {THOSE}"  # noqa: S608 - a constant
    touched = [row[0] for row in database.execute(query, (those,))]
    for table in ("record", "prepared"):
        database.execute(f"DELETE FROM {table} WHERE number IN {THOSE}", (those,))  # noqa: S608 - the same
    facts = store.facts.of(numbers)
    facts[:] = np.zeros((), facts.dtype)
    store.facts.put(numbers, facts)
    for cluster in touched:
        mend_cluster(store, cluster)


def mend_cluster(store: Store, cluster: int) -> None:
    """Set a cluster's size and canonical version by what is left of it."""
    database = store.database
    rows = database.execute(
        "SELECT number FROM record WHERE cluster = ?1 AND cluster <> number"
        " UNION SELECT number FROM record WHERE number = ?1 AND cluster = ?1 ORDER BY number",
        (cluster,),
    ).fetchall()
    if not rows:
        database.execute("DELETE FROM cluster WHERE number = ?", (cluster,))
        return
    numbers = np.array([row[0] for row in rows], np.int64)
    query = "SELECT canonical FROM cluster WHERE number = ?"
    held = database.execute(query, (cluster,)).fetchone()
    canonical = held[0] if held and held[0] in numbers.tolist() else best_record(store, numbers)
    database.execute(
        "UPDATE cluster SET canonical = ?, size = ? WHERE number = ?",
        (canonical, len(numbers), cluster),
    )
    query = "UPDATE record SET score = 1, reason = 'canonical' WHERE number = ?"
    database.execute(query, (canonical,))
    store.facts.set_flag(np.array([canonical]), LEADS, on=True)


def best_record(store: Store, numbers: NDArray[np.int64]) -> int:
    """Return the best of some records by the canonical policy."""
    facts = store.facts.of(numbers)
    order = canonical_order(as_corpus(store, facts), contents_of_facts(facts), store.settings)
    return int(numbers[np.argmin(order.ranks(np.arange(len(numbers))))])


def shrink_file(store: Store) -> None:
    """Give back the room of what has gone."""
    with store_errors(store.path):
        store.database.execute("VACUUM")
        store.database.execute("PRAGMA busy_timeout = 0")  # a reader may take its time
        store.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.database.execute(f"PRAGMA busy_timeout = {round(PATIENCE * 1000)}")
