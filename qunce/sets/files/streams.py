"""A file's bytes, unpacked and measured once before anything is read from them.

The first pass finds what a reader cannot know from the head: whether every byte is
valid UTF-8, how many lines there are, whether one of them never ends, and the digest by
which a killed import knows its file again.
"""

from __future__ import annotations

import io
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import errors

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK = 1 << 20
LONGEST_LINE = 4 << 20
UNPACKER_MEMORY = 128 << 20
MOST_RATIO = 400
FREE_OF_RATIO = 64 << 20
"""A packed file may grow to this size, and beyond it MOST_RATIO times its own."""


class UnreadableFile(errors.Invalid):
    """The file cannot be read as a table."""


@dataclass(frozen=True)
class Survey:
    """`size` and `lines` are those of the unpacked bytes."""

    packing: str
    encoding: str
    digest: str
    size: int
    lines: int


class Unpacked(io.RawIOBase):
    """The bytes inside a .gz or .xz, a block at a time; several members one by one.

    Python's own openers take as much memory as an .xz asks for (up to 4 GB).
    """

    def __init__(self, packed: IO[bytes], packing: str) -> None:
        self._packed, self._make = packed, UNPACKERS[packing]
        self._unpacker, self._rest, self._start = self._make(), b"", True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        piece = self._next(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def _next(self, most: int) -> bytes:
        while True:
            if self._unpacker.eof:
                self._rest = self._unpacker.unused_data.lstrip(b"\0")
                self._unpacker, self._start = self._make(), True
            fed = self._rest or self._packed.read(BLOCK)
            if not fed and self._start:
                return b""
            piece, self._rest = self._unpacker.unpack(fed, most)
            self._start = self._start and not fed
            if piece:
                return piece
            if not fed and not self._unpacker.eof:
                raise UnreadableFile(_("The file is cut off: it was packed unfinished."))

    def close(self) -> None:
        self._packed.close()
        super().close()


class _Gunzip:
    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    def unpack(self, data: bytes, most: int) -> tuple[bytes, bytes]:
        piece = self._inner.decompress(data, most)
        return piece, self._inner.unconsumed_tail

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


class _Unxz:
    def __init__(self) -> None:
        self._inner = lzma.LZMADecompressor(
            format=lzma.FORMAT_XZ, memlimit=UNPACKER_MEMORY
        )

    def unpack(self, data: bytes, most: int) -> tuple[bytes, bytes]:
        # It keeps what it could not use itself and wants to be fed nothing meanwhile.
        piece = self._inner.decompress(data, most)
        while not piece and not self._inner.needs_input and not self._inner.eof:
            piece = self._inner.decompress(b"", most)
        return piece, b""

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


UNPACKERS: dict[str, Callable[[], _Gunzip | _Unxz]] = {"gz": _Gunzip, "xz": _Unxz}
MAGIC = {b"\x1f\x8b": "gz", b"\xfd7zXZ\0": "xz"}
