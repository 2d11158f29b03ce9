"""Decompresses .gz and .xz files in bounded memory."""

from __future__ import annotations

import functools
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from django.utils.translation import gettext as _

from qunce.core import errors

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK_BYTES = 1 << 20
MAX_XZ_MEMORY = 128 << 20
MAGIC = {b"\x1f\x8b": "gz", b"\xfd7zXZ\0": "xz"}


class DamagedFile(errors.Invalid):
    """The compressed file is truncated or damaged."""


class Decompressor(Protocol):
    """The part of `lzma.LZMADecompressor` that DecompressedFile needs."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _GzipDecompressor:
    """zlib's decompressor with the interface of lzma's."""

    def __init__(self) -> None:
        # 31 means a gzip header with the largest window.
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


DECOMPRESSORS: dict[str, Callable[[], Decompressor]] = {
    "gz": _GzipDecompressor,
    # Python's own opener takes as much memory as the file asks for, up to 4 GB.
    "xz": functools.partial(
        lzma.LZMADecompressor, format=lzma.FORMAT_XZ, memlimit=MAX_XZ_MEMORY
    ),
}


def detect_compression(head: bytes) -> str:
    """Return `gz` or `xz`, or an empty string for a file that is not compressed."""
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), "")


TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".ndjson", ".jsonl", ".html")


def find_zipped_text(path: Path) -> str:
    """Return the name of the only file in a ZIP archive, empty for a spreadsheet.

    Raises DamagedFile if there are several files or none that is a table of text.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
    except zipfile.BadZipFile:
        # The readers of spreadsheets report what is wrong with it.
        return ""
    names = [name for name in names if not name.startswith("__MACOSX/")]
    if any(name.startswith(("xl/", "word/", "ppt/")) for name in names):
        return ""
    if "mimetype" in names or "content.xml" in names:
        return ""
    if len(names) == 1 and names[0].lower().endswith(TABLE_SUFFIXES):
        return names[0]
    raise DamagedFile(
        _(
            "This is a ZIP archive of %(count)d files. Unpack it, and import the tables "
            "one by one."
        )
        % {"count": len(names)}
    )


class DecompressedFile(io.RawIOBase):
    """The content of a compressed file; several streams in a row are read as one."""

    def __init__(self, compressed: IO[bytes], compression: str) -> None:
        self._compressed, self._create = compressed, DECOMPRESSORS[compression]
        self._decompressor = self._create()
        self._unused, self._has_begun = b"", False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        block = b""
        try:
            while not block:
                if self._decompressor.eof:
                    # Another stream may follow, after padding with null bytes.
                    self._unused = self._decompressor.unused_data.lstrip(b"\0")
                    # Tools such as pigz and `cat` write several streams into one file.
                    self._decompressor, self._has_begun = self._create(), False
                data = b""
                if self._decompressor.needs_input:
                    data = self._unused or self._compressed.read(BLOCK_BYTES)
                    self._unused = b""
                if not data and not self._has_begun:
                    break
                self._has_begun = True
                # At most what the caller asked for. A file of zeros unpacks to a
                # thousand times its size.
                block = self._decompressor.decompress(data, len(view))
                # Without this check a truncated file would look like one that ends
                # here.
                if not block and not data and not self._decompressor.eof:
                    raise EOFError(_("unexpected end of file"))
        except (zlib.error, lzma.LZMAError, EOFError) as error:
            raise DamagedFile(
                _("The compressed file is damaged: %(error)s") % {"error": error}
            ) from None
        view[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._compressed.close()
        super().close()
