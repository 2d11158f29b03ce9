"""Reads a file's bytes once, before anything is parsed.

This first pass finds what the head of a file cannot show: whether every byte is valid
UTF-8, how many lines there are, whether one of them never ends, and the digest by which
an interrupted import recognises its file.
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
"""Content larger than this may be at most MAX_RATIO times as large as its file."""
CJK = re.compile("[\u3400-\u9fff]")
ENCODINGS = {"utf-8", "utf-8-sig", "utf-16", "gb18030"}


class UnreadableFile(errors.Invalid):
    """The file cannot be read as a table."""


@dataclass(frozen=True)
class FileInfo:
    """`size` and `lines` are those of the decompressed content."""

    compression: str
    encoding: str
    digest: str
    size: int
    lines: int


def open_bytes(path: Path, compression: str) -> IO[bytes]:
    """Open the file for reading its decompressed bytes."""
    file = path.open("rb")
    if not compression:
        return file
    content = decompression.DecompressedFile(file, compression)
    return cast("IO[bytes]", io.BufferedReader(content, decompression.BLOCK_BYTES))


def inspect(path: Path, *, encoding: str = "", one_line: bool = False) -> FileInfo:
    """Read the whole file once; `one_line` allows endless lines, as in a JSON list.

    The encoding is detected unless it is given. Raises UnreadableFile.
    """
    with path.open("rb") as file:
        compression = decompression.detect_compression(file.read(6))
    counter = _ByteCounter(path.stat().st_size, bool(compression), one_line)
    detector = _EncodingDetector(encoding)
    with open_bytes(path, compression) as stream:
        while block := stream.read(decompression.BLOCK_BYTES):
            if not counter.size:
                detector.start(block)
            # Null bytes and line ends are found byte by byte, which UTF-16 does not
            # allow.
            counter.add(block, is_bytewise=detector.encoding != "utf-16")
            detector.add(block)
    return FileInfo(
        compression,
        detector.finish(),
        counter.digest.hexdigest(),
        counter.size,
        counter.lines,
    )


@dataclass
class _ByteCounter:
    file_size: int
    is_compressed: bool
    one_line: bool
    size: int = 0
    lines: int = 0
    line_length: int = 0
    """Bytes since the last line end."""
    digest: hashlib.blake2b = field(
        default_factory=lambda: hashlib.blake2b(digest_size=16)
    )

    def add(self, block: bytes, *, is_bytewise: bool) -> None:
        self.size += len(block)
        # Of the decompressed content, so that the same rows packed in another way are
        # the same file.
        self.digest.update(block)
        # Text rarely compresses to less than a hundredth; a bomb does it a
        # thousandfold.
        max_size = max(MIN_BYTES_FOR_RATIO, MAX_RATIO * self.file_size)
        if self.is_compressed and self.size > max_size:
            raise UnreadableFile(
                _(
                    "The file was rejected because it unpacks to more than 400 times its size."
                )
            )
        if is_bytewise and b"\0" in block:
            raise UnreadableFile(_("This is not a text file: it contains null bytes."))
        self.lines += block.count(b"\n")
        end = max(block.rfind(b"\n"), block.rfind(b"\r"))
        self.line_length = (
            len(block) - end if end >= 0 else self.line_length + len(block)
        )
        if self.line_length > MAX_LINE_BYTES and not self.one_line:
            raise UnreadableFile(
                _("Line %(line)d is longer than 4 MB: this is not a table.")
                % {"line": self.lines + 1}
            )


class _EncodingDetector:
    """Assumes UTF-8 until a byte contradicts it, then GB18030 for the whole file.

    A file that had Chinese text in UTF-8 before that byte is UTF-8 with a broken byte.
    """

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self._is_given = bool(encoding)
        self._decoder: codecs.IncrementalDecoder | None = None
        self._line, self._chinese_count, self._has_other_text = 1, 0, False

    def start(self, head: bytes) -> None:
        if not self._is_given:
            self.encoding = "utf-8"
            if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                self.encoding = "utf-16"
        self._decoder = codecs.getincrementaldecoder(self.encoding)()

    def add(self, block: bytes) -> None:
        assert self._decoder is not None  # noqa: S101 - start() came first
        state = self._decoder.getstate()
        try:
            text = self._decoder.decode(block)
        except UnicodeDecodeError as error:
            # Back to the state before the block, as its valid beginning was consumed.
            self._decoder.setstate(state)
            valid = block[: max(error.start, 0)]
            if not self._may_be_gb18030(valid):
                raise UnreadableFile(
                    _(
                        "Line %(line)d is not valid %(encoding)s; save the file as UTF-8."
                    )
                    % {
                        "line": self._line + valid.count(b"\n"),
                        "encoding": self.encoding.upper(),
                    }
                ) from None
            self.encoding = "gb18030"
            self._decoder = codecs.getincrementaldecoder("gb18030")()
            # The block is decoded again, since its beginning may be invalid in the new
            # encoding.
            self.add(block)
            return
        # Counting stops at the first Chinese text, so that a large file is not searched
        # to its end.
        if self.encoding == "utf-8" and not self._chinese_count and not text.isascii():
            self._chinese_count += len(CJK.findall(text))
            self._has_other_text = self._has_other_text or not self._chinese_count
        self._line += block.count(b"\n")

    def _may_be_gb18030(self, valid: bytes) -> bool:
        """Return whether the text up to a broken byte of UTF-8 may be GB18030.

        GB18030 may be valid UTF-8 by chance, but hardly for more than 3 characters.
        """
        if self.encoding != "utf-8" or self._is_given or self._has_other_text:
            return False
        chinese = len(CJK.findall(valid.decode("utf-8", "ignore")))
        return self._chinese_count + chinese <= 3

    def finish(self) -> str:
        """Return the encoding; raises if the file ends within a character."""
        if self._decoder is not None:
            try:
                self._decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                raise UnreadableFile(
                    _("The file ends in the middle of a character.")
                ) from None
        return self.encoding or "utf-8"


def open_text(path: Path, info: FileInfo) -> IO[bytes]:
    """Open the file for reading its content as UTF-8 without a byte order mark."""
    raw = open_bytes(path, info.compression)
    if info.encoding == "utf-8":
        # Compressed streams cannot seek back, so the file is opened again.
        if raw.read(3) != codecs.BOM_UTF8:
            raw.close()
            return open_bytes(path, info.compression)
        return raw
    reencoded = _ReencodedFile(raw, info.encoding)
    return cast("IO[bytes]", io.BufferedReader(reencoded, decompression.BLOCK_BYTES))


class _ReencodedFile(io.RawIOBase):
    """A file in another encoding, read as UTF-8."""

    def __init__(self, raw: IO[bytes], encoding: str) -> None:
        self._raw = raw
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._pending = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        view = memoryview(buffer).cast("B")
        while not self._pending:
            block = self._raw.read(decompression.BLOCK_BYTES)
            self._pending = self._decoder.decode(block, final=not block).encode()
            if not block:
                break
        block, self._pending = self._pending[: len(view)], self._pending[len(view) :]
        view[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._raw.close()
        super().close()
