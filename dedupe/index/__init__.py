"""The index: records on disk, and the clusters of all that came before.

One SQLite file in WAL mode holds all of it: ``schema`` says which tables, ``store`` opens it,
``postings`` finds the records that share a key, ``matching`` compares new records with those, and
``insert`` writes what came of it. ``maintain`` removes records, and clusters all of them anew.
"""

from __future__ import annotations

from dedupe.index.answers import Answer
from dedupe.index.index import Index

__all__ = ["Answer", "Index"]
