"""A file's bytes, measured once before anything is read from them.

The first pass finds what a reader cannot know from the head: whether every byte is
valid UTF-8, how many lines there are, whether one of them never ends, and the digest by
which a killed import knows its file again.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.importing.files import decompression

MAX_LINE_BYTES = 4 << 20
MAX_RATIO = 400
MIN_BYTES_FOR_RATIO = 256 << 20
"""A packed file may grow to this size, and beyond it to MOST_RATIO times its own."""
CJK = re.compile("[\u3400-\u9fff]")
ENCODINGS = {"utf-8", "utf-8-sig", "utf-16", "gb18030"}


class UnreadableFile(errors.Invalid):
    """The file cannot be read as a table."""


@dataclass(frozen=True)
class FileInfo:
    """`size` and `lines` are those of the unpacked bytes."""

    packing: str
    encoding: str
    digest: str
    size: int
    lines: int


def open_bytes(path: Path, packing: str) -> IO[bytes]:
    plain = path.open("rb")
    if not packing:
        return plain
    unpacked = decompression.DecompressedFile(plain, packing)
    return cast("IO[bytes]", io.BufferedReader(unpacked, decompression.BLOCK_BYTES))


def inspect(path: Path, *, encoding: str = "", one_line: bool = False) -> FileInfo:
    """Read the whole file once. `one_line` allows lines without end (a JSON list)."""
    with path.open("rb") as file:
        packing = decompression.detect_compression(file.read(6))
    counts = _ByteCounter(path, packed=bool(packing), one_line=one_line)
    decoders = _EncodingDetector(encoding or None)
    with open_bytes(path, packing) as stream:
        while block := stream.read(decompression.BLOCK_BYTES):
            if not counts.size:
                decoders.begin(block)
            counts.add(block, text=decoders.narrow)
            decoders.add(block)
    return FileInfo(
        packing,
        decoders.finish(),
        counts.digest.hexdigest(),
        counts.size,
        counts.lines,
    )


@dataclass
class _ByteCounter:
    path: Path
    packed: bool
    one_line: bool
    size: int = 0
    lines: int = 0
    open_line: int = 0
    digest: hashlib.blake2b = field(
        default_factory=lambda: hashlib.blake2b(digest_size=16)
    )

    def add(self, block: bytes, *, text: bool) -> None:
        self.size += len(block)
        self.digest.update(block)
        if self.packed and self.size > MIN_BYTES_FOR_RATIO:
            self._check_ratio()
        if text and b"\0" in block:
            raise UnreadableFile(_("This is not a text file: it contains null bytes."))
        self.lines += block.count(b"\n")
        end = max(block.rfind(b"\n"), block.rfind(b"\r"))
        self.open_line = len(block) - end if end >= 0 else self.open_line + len(block)
        if self.open_line > MAX_LINE_BYTES and not self.one_line:
            raise UnreadableFile(
                _("Line %(line)d is longer than 4 MB: this is not a table.")
                % {"line": self.lines + 1}
            )

    def _check_ratio(self) -> None:
        if self.size > MAX_RATIO * self.path.stat().st_size:
            raise UnreadableFile(
                _(
                    "The file was rejected because it unpacks to more than 400 times its size."
                )
            )


class _EncodingDetector:
    """UTF-8 until a byte contradicts it, then GB18030 from the start of the file.

    A file that was Chinese in UTF-8 up to that byte is UTF-8 with a broken byte.
    """

    def __init__(self, encoding: str | None) -> None:
        self.encoding = encoding or ""
        self._given = encoding is not None
        self._decoder: codecs.IncrementalDecoder | None = None
        self._line, self._chinese, self._strange = 1, 0, False

    @property
    def narrow(self) -> bool:
        return self.encoding != "utf-16"

    def begin(self, head: bytes) -> None:
        if not self._given:
            self.encoding = "utf-8"
            if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                self.encoding = "utf-16"
        self._decoder = codecs.getincrementaldecoder(self.encoding)()

    def add(self, block: bytes) -> None:
        assert self._decoder is not None  # noqa: S101 - begin() came first
        state = self._decoder.getstate()
        try:
            text = self._decoder.decode(block)
        except UnicodeDecodeError as error:
            self._decoder.setstate(state)
            self._fail(block, error)
            return
        if self.encoding == "utf-8" and not self._chinese and not text.isascii():
            self._chinese += len(CJK.findall(text))
            self._strange = self._strange or not self._chinese
        self._line += block.count(b"\n")

    def _fail(self, block: bytes, error: UnicodeDecodeError) -> None:
        before = block[: max(error.start, 0)]
        if self.encoding != "utf-8" or self._given or self._was_utf8(before):
            line = self._line + before.count(b"\n")
            raise UnreadableFile(
                _("Line %(line)d is not valid %(encoding)s; save the file as UTF-8.")
                % {"line": line, "encoding": self.encoding.upper()}
            ) from None
        self.encoding = "gb18030"
        self._decoder = codecs.getincrementaldecoder("gb18030")()
        self.add(block)

    def _was_utf8(self, before: bytes) -> bool:
        found = self._chinese + len(CJK.findall(before.decode("utf-8", "ignore")))
        return self._strange or found > 3

    def finish(self) -> str:
        if self._decoder is not None:
            try:
                self._decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                raise UnreadableFile(
                    _("The file ends in the middle of a character.")
                ) from None
        return self.encoding or "utf-8"


def open_text(path: Path, survey: FileInfo) -> IO[bytes]:
    """The unpacked file as UTF-8 bytes, without a byte order mark."""
    raw = open_bytes(path, survey.packing)
    if survey.encoding == "utf-8":
        if raw.read(3) != codecs.BOM_UTF8:
            raw.close()
            return open_bytes(path, survey.packing)
        return raw
    recoded = _Recoded(raw, survey.encoding)
    return cast("IO[bytes]", io.BufferedReader(recoded, decompression.BLOCK_BYTES))


class _Recoded(io.RawIOBase):
    """Bytes of one encoding, read as UTF-8."""

    def __init__(self, raw: IO[bytes], encoding: str) -> None:
        self._raw = raw
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        view = memoryview(buffer).cast("B")
        while not self._left:
            block = self._raw.read(decompression.BLOCK_BYTES)
            self._left = self._decoder.decode(block, final=not block).encode()
            if not block:
                break
        piece, self._left = self._left[: len(view)], self._left[len(view) :]
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._raw.close()
        super().close()
