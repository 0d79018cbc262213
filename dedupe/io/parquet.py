"""Open Parquet files, and read what they claim to hold, from the footer and page headers.

pyarrow cannot say the latter safely. It has no limit for a page: it allocates up to 2 GiB as a page
header asks for, whatever the footer says. And asked for the metadata of an encrypted column, it
ends the process. Both are in Thrift's compact protocol.
"""

from __future__ import annotations

import io
import os
import re
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from dedupe.errors import DedupeError, InputError
from dedupe.io.files import os_error_reason, read_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Struct = dict[int, Any]
    """The fields of a struct by their numbers."""

SUFFIX = ".parquet"
MAGIC = b"PAR1"
ENCRYPTED = b"PARE"
# A headline may begin with these letters, but hardly with a control character behind them.
OPENING = re.compile(rb"PAR[1E].{0,7}[\x00-\x08\x0e-\x1f]", re.DOTALL)
UNREADABLE = "encrypted Parquet data, which cannot be read"
MISSING = "Parquet needs pyarrow: pip install 'pyarrow>=18'"
CHUNK = 1 << 16
LONGEST_REASON = 160


def has_parquet_suffix(path: str) -> bool:
    """Return whether the path of a file or folder has the suffix of Parquet."""
    return path.rstrip("/").lower().endswith(SUFFIX)


def has_parquet_magic(head: bytes) -> bool:
    """Return whether bytes begin like a Parquet file, encrypted or not."""
    return bool(OPENING.match(head))


class ParquetFiles(ExitStack):
    """Inputs that are read at any position, open until the block ends.

    Pipes and compressed files cannot be; they are copied to an unnamed file in ``folder``.
    """

    def __init__(self, folder: str | None = None) -> None:
        super().__init__()
        self._folder = folder
        self._held: dict[str, tuple[BinaryIO, os.stat_result]] = {}

    def hold(self, name: str, path: str, pieces: Iterable[bytes]) -> BinaryIO:
        """Open a file whose bytes are ``pieces``, and read these all; raises InputError."""
        try:
            file = open_descriptor(path) or tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed at exit
            self.push(file)
            copying = file.writable()
            for piece in pieces:
                if copying:
                    file.write(piece)
            file.flush()
            self._held[name] = file, os.fstat(file.fileno())
        except OSError as error:
            where = self._folder or tempfile.gettempdir()
            reason = f"cannot be copied to {where}: {os_error_reason(error)}"
            raise InputError(name, None, reason) from error
        return file

    def again(self, name: str) -> BinaryIO:
        """Return a file that was held before; raises InputError if it has changed since."""
        file, then = self._held[name]
        now = os.fstat(file.fileno())
        if (now.st_size, now.st_mtime_ns) != (then.st_size, then.st_mtime_ns):
            raise InputError(name, None, "changed while it was read")
        return file


def open_descriptor(path: str) -> BinaryIO | None:
    """Open a regular file that is uncompressed Parquet; None for any other."""
    with suppress(OSError):
        if path != "-" and Path(path).is_file():
            file = Path(path).open("rb")  # noqa: SIM115 - handed over
            if file.read(len(MAGIC)) in (MAGIC, ENCRYPTED):
                return file
            file.close()
    return None


def has_pyarrow() -> bool:
    """Return whether pyarrow is installed."""
    from importlib.util import find_spec  # noqa: PLC0415 - seldom needed

    return find_spec("pyarrow") is not None


class DescriptorFile(io.RawIOBase):
    """A file under a descriptor, with a position of its own: several may read it at once."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._position = 0

    def readable(self) -> bool:
        """Return true, as pyarrow asks."""
        return True

    def seekable(self) -> bool:
        """Return true, as pyarrow asks."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set the position, and return it."""
        size = os.fstat(self._descriptor).st_size
        self._position = max(offset + (0, self._position, size)[whence], 0)
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Read from the position on, up to the end."""
        left = max(os.fstat(self._descriptor).st_size - self._position, 0)
        data = read_at(self._descriptor, left if size < 0 else min(size, left), self._position)
        self._position += len(data)
        return data


@contextmanager
def open_parquet(
    name: str, file: BinaryIO, packed: Callable[[Any], bool] | None = None
) -> Iterator[Any]:
    """Open a ``pyarrow.parquet.ParquetFile`` that reads little at a time and checks checksums.

    Columns for which ``packed`` is true come as dictionaries of the distinct texts of a row group:
    a text that is repeated a million times takes memory once. Errors of pyarrow inside the block
    are raised as InputError.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra
    from pyarrow import default_memory_pool  # noqa: PLC0415 - an extra

    read_options = {
        "buffer_size": CHUNK,
        "pre_buffer": False,
        "page_checksum_verification": True,
    }
    with corruption_errors(name), DescriptorFile(file.fileno()) as own:
        table = pq.ParquetFile(own, **read_options)
        leaves = map(table.schema.column, range(len(table.schema)))
        paths = [leaf.path for leaf in leaves if packed(leaf)] if packed else []
        if paths:
            table = pq.ParquetFile(
                own, metadata=table.metadata, read_dictionary=paths, **read_options
            )
        try:
            yield table
        finally:
            default_memory_pool().release_unused()  # else it keeps its memory


@contextmanager
def corruption_errors(name: str) -> Iterator[None]:
    """Raise the errors of pyarrow about the bytes of a file as InputError."""
    from pyarrow.lib import ArrowException  # noqa: PLC0415 - an extra

    try:
        yield
    except DedupeError:
        raise
    except (ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(name, None, corruption_reason(error)) from error


def corruption_reason(error: Exception) -> str:
    """Return an error of pyarrow in one line."""
    text = " ".join(str(error).split())[:LONGEST_REASON]
    if "crypt" in text:
        return UNREADABLE
    if isinstance(error, NotImplementedError):
        return f"Parquet data of an unsupported kind ({text})"
    return f"corrupt Parquet data ({text})"


FOOTER_END = 8
HEAD = 1 << 12
LONGEST_HEAD = 1 << 24
DEEPEST = 32
ROW_GROUPS, COLUMNS, ROWS, METADATA = 4, 1, 3, 3
CRYPTO = 8
VALUES, PACKED, DATA, DICTIONARY = 5, 7, 9, 11
UNPACKED, PAGE_SIZE, PAGE_DICTIONARY, DATA_PAGES = 2, 3, 7, (5, 8)
TRUE, FALSE, BYTE, WHOLE, DOUBLE, BINARY, LISTS = 1, 2, 3, (4, 5, 6), 7, 8, (9, 10)
MAP, STRUCT, UUID = 11, 12, 13


class MalformedError(ValueError):
    """Bytes that do not follow the Parquet format."""


class PageStats(NamedTuple):
    """The bytes and the values that the pages of a column claim to hold, in one row group."""

    size: int
    values: int


class RowGroup(NamedTuple):
    """The number of rows, and the pages of each column."""

    rows: int
    columns: tuple[PageStats, ...]


def read_row_groups(file: BinaryIO) -> list[RowGroup]:
    """Return the row groups of a file; raises MalformedError."""
    descriptor = file.fileno()
    end = os.fstat(descriptor).st_size - FOOTER_END
    length = int.from_bytes(read_at(descriptor, 4, max(end, 0)), "little")
    if not 0 < length <= end:
        raise MalformedError("no footer")
    footer = ThriftReader(read_at(descriptor, length, end - length)).struct()
    return [
        RowGroup(
            struct_int(group, ROWS),
            tuple(read_page_headers(descriptor, each, end) for each in struct_list(group, COLUMNS)),
        )
        for group in struct_list(footer, ROW_GROUPS)
    ]


def read_page_headers(descriptor: int, column: Struct, end: int) -> PageStats:
    """Return the size that all pages of a column of a row group claim."""
    metadata = column.get(METADATA)
    if CRYPTO in column:
        raise MalformedError(UNREADABLE)
    if not isinstance(metadata, dict):
        raise MalformedError("a column without metadata")
    start = struct_int(metadata, DATA)
    if 0 < struct_int(metadata, DICTIONARY, 0) < start:
        start = struct_int(metadata, DICTIONARY)
    stop = start + struct_int(metadata, PACKED)
    if stop > end:
        raise MalformedError("a column that ends beyond the file")
    return read_range(descriptor, start, stop, end, struct_int(metadata, VALUES))


def read_range(descriptor: int, at: int, stop: int, end: int, wanted: int) -> PageStats:
    """Return the size that the pages from ``at`` claim, up to ``wanted`` values."""
    size = values = 0
    while at < stop and values < wanted:
        page, length = parse_page_header(descriptor, at)
        unpacked = struct_int(page, UNPACKED)
        if struct_int(page.get(PAGE_DICTIONARY, {}), 1, 0) > unpacked:
            raise MalformedError("more values than bytes")
        size += unpacked
        values += sum(struct_int(page.get(kind, {}), 1, 0) for kind in DATA_PAGES)
        at += length + struct_int(page, PAGE_SIZE)
        if at > end:
            raise MalformedError("a page that ends beyond the file")
    return PageStats(size, values)


def parse_page_header(descriptor: int, at: int) -> tuple[Struct, int]:
    """Return the fields of a page header, and its length."""
    length = HEAD
    while True:
        reader = ThriftReader(read_at(descriptor, length, at))
        try:
            return reader.struct(), reader.position
        except MalformedError:
            if length >= LONGEST_HEAD or reader.size < length:
                raise
        length *= 16


def struct_list(struct: Struct, field: int) -> list[Struct]:
    """Return a field that is a list of structs; raises MalformedError for another value."""
    found = struct.get(field, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise MalformedError("not a list")
    return found


def struct_int(struct: Any, field: int, default: int | None = None) -> int:  # noqa: ANN401 - whatever was read
    """Return a field that is a count; raises MalformedError for another value."""
    found = struct.get(field, default) if isinstance(struct, dict) else None
    if type(found) is not int or found < 0:
        raise MalformedError("not a count")
    return found


class ThriftReader:
    """A parser of Thrift's compact protocol; ``position`` is that of the next byte."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self._data)

    def struct(self, depth: int = 0) -> Struct:
        """Return the fields of a struct; raises MalformedError."""
        fields: Struct = {}
        number = 0
        while kind := self.byte():
            step, kind = kind >> 4, kind & 15
            number = number + step if step else self.signed()
            fields[number] = kind == TRUE if kind in (TRUE, FALSE) else self.value(kind, depth)
        return fields

    def value(self, kind: int, depth: int) -> Any:  # noqa: ANN401, PLR0911 - a table, a line each
        """Return a value of a kind, as an item of a list holds it."""
        if depth > DEEPEST:
            raise MalformedError("nested too deep")
        if kind in (TRUE, FALSE, BYTE):
            return self.byte()
        if kind in WHOLE:
            return self.signed()
        if kind in (DOUBLE, UUID):
            return self.take(8 if kind == DOUBLE else 16)
        if kind == BINARY:
            return self.take(self.unsigned())
        if kind in LISTS:
            return self.items(depth + 1)
        if kind == MAP:
            return self.pairs(depth + 1)
        if kind == STRUCT:
            return self.struct(depth + 1)
        raise MalformedError("an unknown type")

    def items(self, depth: int) -> list[Any]:
        """Return a list or a set."""
        head = self.byte()
        count = self.counted(self.unsigned() if head >> 4 == 15 else head >> 4)  # noqa: PLR2004 - four bits
        return [self.value(head & 15, depth) for _ in range(count)]

    def pairs(self, depth: int) -> None:
        """Skip a map; no field that is used holds one."""
        count = self.counted(self.unsigned())
        kinds = self.byte() if count else 0
        for _ in range(count):
            self.value(kinds >> 4, depth)
            self.value(kinds & 15, depth)

    def counted(self, count: int) -> int:
        """Return a count of values; raises MalformedError for more values than bytes."""
        if count > self.size - self.position:
            raise MalformedError("more values than bytes")
        return count

    def byte(self) -> int:
        """Return the next byte."""
        return self.take(1)[0]

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        taken = self._data[self.position : self.position + count]
        if len(taken) < count:
            raise MalformedError("cut short")
        self.position += count
        return taken

    def unsigned(self) -> int:
        """Return a number in groups of seven bits, the lowest first."""
        found = shift = 0
        while shift < 70:  # noqa: PLR2004 - ten bytes hold 64 bits
            byte = self.byte()
            found |= (byte & 127) << shift
            if byte < 128:  # noqa: PLR2004 - the last
                return found
            shift += 7
        raise MalformedError("a number without an end")

    def signed(self) -> int:
        """Return a number with its sign in the lowest bit."""
        found = self.unsigned()
        return found >> 1 ^ -(found & 1)
