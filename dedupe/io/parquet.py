"""Open Parquet files, keep them open to be read again, and report what is damaged."""

from __future__ import annotations

import io
import os
import re
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from dedupe.errors import DedupeError, InputError
from dedupe.io.files import os_error_reason, read_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

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


@dataclass(frozen=True, slots=True)
class HeldFile:
    """An open file, with its size and time of change when it was opened."""

    file: BinaryIO
    size: int
    changed: int


class ParquetFiles:
    """Inputs that are read at any position, open until the block ends.

    Pipes and compressed files cannot be; they are copied to an unnamed file in ``folder``.
    """

    def __init__(self, folder: str | None = None) -> None:
        self._folder = folder
        self._open = ExitStack()
        self._held: dict[str, HeldFile] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def hold(self, name: str, path: str, pieces: Iterable[bytes]) -> BinaryIO:
        """Open a file whose bytes are ``pieces``, and read these all; raises InputError."""
        try:
            file = open_descriptor(path) or tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed at exit
            self._open.push(file)
            copying = file.writable()
            for piece in pieces:
                if copying:
                    file.write(piece)
            file.flush()
            now = os.fstat(file.fileno())
        except OSError as error:
            where = self._folder or tempfile.gettempdir()
            reason = f"cannot be copied to {where}: {os_error_reason(error)}"
            raise InputError(name, None, reason) from error
        self._held[name] = HeldFile(file, now.st_size, now.st_mtime_ns)
        return file

    def again(self, name: str) -> BinaryIO:
        """Return a file that was held before; raises InputError if it has changed since."""
        held = self._held[name]
        now = os.fstat(held.file.fileno())
        if (now.st_size, now.st_mtime_ns) != (held.size, held.changed):
            raise InputError(name, None, "changed while it was read")
        return held.file


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


def read_plain(_column: Any) -> bool:  # noqa: ANN401 - of Arrow, which has no types
    """Return false: read no column as a dictionary."""
    return False


@contextmanager
def open_parquet(
    name: str, file: BinaryIO, packed: Callable[[Any], bool] = read_plain
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
        paths = [leaf.path for leaf in leaves if packed(leaf)]
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
