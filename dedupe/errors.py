"""The errors that a user sees as one line and a program reads by their fields."""

from __future__ import annotations


class DedupeError(Exception):
    """Base of every error that dedupe raises on purpose."""


class InputError(DedupeError):
    """A record or file that cannot be read; prints as ``path:line: reason``."""

    def __init__(self, path: str, line: int | None, reason: str) -> None:
        self.path = path
        self.line = line
        self.reason = reason
        super().__init__(path, line, reason)

    def __str__(self) -> str:
        position = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{position}: {self.reason}"


class LinksError(InputError):
    """Labels that put records together and apart; ``others`` are the lines that put together."""

    def __init__(self, path: str, line: int, reason: str, others: tuple[int, ...]) -> None:
        self.others = others
        super().__init__(path, line, reason)


class SettingsError(DedupeError):
    """A setting that is unknown or out of range, and where it was given."""

    def __init__(self, name: str, reason: str, origin: str = "") -> None:
        self.name = name
        self.reason = reason
        self.origin = origin
        super().__init__(name, reason, origin)

    def __str__(self) -> str:
        position = f"{self.origin}: " if self.origin else ""
        return f"{position}{self.name}: {self.reason}"


class PathError(DedupeError):
    """An error of one file: its path, and the reason."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(path, reason)

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class OutputError(PathError):
    """A result that could not be written whole; the path keeps what it held before."""


class AccountingError(DedupeError):
    """A wrong number of records in the output: a bug, found before a file is replaced.

    ``expected`` and ``found`` are numbers of what ``what`` names.
    """

    def __init__(self, what: str, expected: int, found: int) -> None:
        self.what = what
        self.expected = expected
        self.found = found
        super().__init__(what, expected, found)

    def __str__(self) -> str:
        counts = f"{self.what}: {self.found:,} where there should be {self.expected:,}"
        return (
            f"the records do not add up: {counts}; the output was not replaced, please report this"
        )


class StoreError(PathError):
    """An index that cannot be opened, read or written; what it held before is still there."""


class ScratchError(DedupeError):
    """A scratch file of a run on disk that could not be written, or not be read back."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)

    def __str__(self) -> str:
        return f"scratch files: {self.reason}; use --tmp to name another folder"


class BackendError(DedupeError):
    """A run on many machines that could not begin, or that lost something on its way."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)

    def __str__(self) -> str:
        return self.reason
