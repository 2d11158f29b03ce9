"""The bytes inside a .gz or .xz, in bounded memory."""

from __future__ import annotations

import io
import lzma
import zlib
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Protocol

from django.utils.translation import gettext as _

from qunce.core import errors

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK_BYTES = 1 << 20
MAX_XZ_MEMORY = 128 << 20
MAGIC = {b"\x1f\x8b": "gz", b"\xfd7zXZ\0": "xz"}


class DamagedFile(errors.Invalid):
    """A packed file is cut off or damaged."""


class Decompressor(Protocol):
    """What `lzma.LZMADecompressor` offers."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gunzip:
    def __init__(self) -> None:
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


def _unxz() -> Decompressor:
    # Python's own opener takes as much memory as the file asks for, up to 4 GB.
    return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=MAX_XZ_MEMORY)


DECOMPRESSORS: dict[str, Callable[[], Decompressor]] = {"gz": _Gunzip, "xz": _unxz}


def detect_compression(head: bytes) -> str:
    """`gz`, `xz`, or nothing when it is not packed."""
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), "")


class DecompressedFile(io.RawIOBase):
    """Reads like the file inside; members that follow one another are one file."""

    def __init__(self, packed: IO[bytes], packing: str) -> None:
        self._packed, self._make = packed, DECOMPRESSORS[packing]
        self._unpacker = self._make()
        self._rest, self._fed = b"", False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        try:
            piece = self._next(len(view))
        except (zlib.error, lzma.LZMAError, EOFError) as error:
            raise DamagedFile(
                _("The compressed file is damaged: %(error)s") % {"error": error}
            ) from None
        view[: len(piece)] = piece
        return len(piece)

    def _next(self, most: int) -> bytes:
        while True:
            if self._unpacker.eof:
                self._rest = self._unpacker.unused_data.lstrip(b"\0")
                self._unpacker, self._fed = self._make(), False
            data = self._feed() if self._unpacker.needs_input else b""
            if not data and not self._fed:
                return b""
            self._fed = True
            piece = self._unpacker.decompress(data, most)
            if piece:
                return piece
            if not data and not self._unpacker.eof:
                raise EOFError(_("unexpected end of file"))

    def _feed(self) -> bytes:
        data, self._rest = self._rest or self._packed.read(BLOCK_BYTES), b""
        return data

    def close(self) -> None:
        self._packed.close()
        super().close()
