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
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

import numpy as np
from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.importing.files import decompression, encodings

MAX_LINE_BYTES = 4 << 20
MAX_RATIO = 400
MIN_BYTES_FOR_RATIO = 256 << 20
"""Content larger than this may be at most MAX_RATIO times as large as its file."""
QUOTE, LINE_FEED, CARRIAGE_RETURN = b'"\n\r'
CJK = re.compile("[\u3400-\u9fff]")


class UnreadableFile(errors.Invalid):
    """The file cannot be read as a table."""


@dataclass(frozen=True)
class FileInfo:
    """`size` and `lines` are those of the decompressed content.

    `has_open_lines` means that a quotation mark may be open at the end of a line.
    """

    compression: str
    encoding: str
    digest: str
    size: int
    lines: int
    has_open_lines: bool = False
    encoding_choices: tuple[encodings.EncodingChoice, ...] = ()
    """What the file may be, likeliest first; empty if its bytes show the encoding."""


def open_bytes(path: Path, compression: str) -> IO[bytes]:
    """Open the file for reading its decompressed bytes."""
    if compression == "zip":
        archive = zipfile.ZipFile(path)
        return archive.open(decompression.find_zipped_text(path))
    file = path.open("rb")
    if not compression:
        return file
    content = decompression.DecompressedFile(file, compression)
    return cast("IO[bytes]", io.BufferedReader(content, decompression.BLOCK_BYTES))


def inspect(
    path: Path, *, encoding: str = "", one_line: bool = False, is_quoted: bool = True
) -> FileInfo:
    """Read the whole file once; `one_line` allows endless lines, as in a JSON list.

    Unless `is_quoted`, quotation marks mean nothing to lines. The encoding is detected
    unless it is given. Raises UnreadableFile.
    """
    with path.open("rb") as file:
        magic = file.read(6)
    compression = decompression.detect_compression(magic)
    if magic.startswith(b"PK\x03\x04"):
        compression = "zip"
    counter = _ByteCounter(path.stat().st_size, bool(compression), one_line, is_quoted)
    detector = _EncodingDetector(encoding)
    with open_bytes(path, compression) as stream:
        while block := stream.read(decompression.BLOCK_BYTES):
            if not counter.size:
                detector.start(block)
            # Null bytes and line ends are found byte by byte, which UTF-16 does not
            # allow.
            counter.add(block, is_bytewise="utf-16" not in detector.encoding)
            detector.add(block)
    found = detector.finish()
    counter.finish()
    return FileInfo(
        compression,
        found,
        counter.digest.hexdigest(),
        counter.size,
        counter.lines,
        counter.has_open_lines or "utf-16" in found,
        tuple(detector.choices),
    )


def inspect_binary(path: Path) -> FileInfo:
    """Return what is known of a file that has neither lines nor an encoding."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "blake2b").hexdigest()[:32]
    return FileInfo("", "utf-8", digest, path.stat().st_size, 0)


@dataclass
class _ByteCounter:
    file_size: int
    is_compressed: bool
    one_line: bool
    is_quoted: bool
    size: int = 0
    lines: int = 0
    line_length: int = 0
    """Bytes since the last line end."""
    digest: hashlib.blake2b = field(
        default_factory=lambda: hashlib.blake2b(digest_size=16)
    )
    has_open_lines: bool = False
    _quotes: int = 0

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
        is_sought = self.is_quoted and not self.has_open_lines
        if is_sought and (self._quotes % 2 or b'"' in block):
            # By counting the quotation marks before each line end.
            codes = np.frombuffer(block, dtype=np.uint8)
            quotes = np.flatnonzero(codes == QUOTE)
            ends = np.flatnonzero((codes == LINE_FEED) | (codes == CARRIAGE_RETURN))
            before = np.searchsorted(quotes, ends) + self._quotes
            self.has_open_lines = bool(np.any(before % 2))
            self._quotes += len(quotes)
        end = max(block.rfind(b"\n"), block.rfind(b"\r"))
        self.line_length = (
            len(block) - end if end >= 0 else self.line_length + len(block)
        )
        if self.line_length > MAX_LINE_BYTES and not self.one_line:
            raise UnreadableFile(
                _("Line %(line)d is longer than 4 MB: this is not a table.")
                % {"line": self.lines + 1}
            )

    def finish(self) -> None:
        # A file may end within quotation marks without another line end.
        self.has_open_lines = self.has_open_lines or self._quotes % 2 == 1


class _EncodingDetector:
    """Assumes UTF-8 until a byte contradicts it, then ranks what else the file may be.

    A file that had Chinese text in UTF-8 before that byte is UTF-8 with a broken byte.
    """

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self.choices: list[encodings.EncodingChoice] = []
        self._is_given = bool(encoding)
        self._decoders: dict[str, codecs.IncrementalDecoder] = {}
        self._line, self._chinese_count, self._has_other_text = 1, 0, False
        self._sample = b""

    def start(self, head: bytes) -> None:
        if not self._is_given:
            # UTF-16 shows by its mark, or by the null bytes of its ASCII signs.
            first, second = head[0:4096:2].count(0), head[1:4096:2].count(0)
            if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                self.encoding = "utf-16"
            elif first + second < 2 or (first and second):
                self.encoding = "utf-8"
            else:
                self.encoding = "utf-16-be" if first else "utf-16-le"
        self._decoders = {self.encoding: self._decoder(self.encoding)}

    @staticmethod
    def _decoder(name: str) -> codecs.IncrementalDecoder:
        return codecs.getincrementaldecoder(encodings.CODECS[name])()

    def add(self, block: bytes) -> None:
        if self.encoding == "utf-8" and not self._is_given:
            self._add_utf_8(block)
        else:
            self._add_others(block)
        self._line += block.count(b"\n")

    def _add_utf_8(self, block: bytes) -> None:
        decoder = self._decoders["utf-8"]
        state = decoder.getstate()
        try:
            text = decoder.decode(block)
        except UnicodeDecodeError as error:
            valid = block[: max(error.start, 0)]
            # GB18030 may be valid UTF-8 by chance, but hardly for more than 3 characters.
            chinese = len(CJK.findall(valid.decode("utf-8", "ignore")))
            if self._has_other_text or self._chinese_count + chinese > 3:
                raise self._invalid("utf-8", valid) from None
            # The block is decoded again, since its beginning may be invalid in the
            # other encodings.
            self.encoding = ""
            self._decoders = {
                name: self._decoder(name) for name in encodings.CANDIDATES
            }
            self._add_others(state[0] + block)
            return
        # Counting stops at the first Chinese text, so that a large file is not searched
        # to its end.
        if not self._chinese_count and not text.isascii():
            self._chinese_count += len(CJK.findall(text))
            self._has_other_text = self._has_other_text or not self._chinese_count

    def _add_others(self, block: bytes) -> None:
        for name, decoder in list(self._decoders.items()):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                # The one that was chosen is kept, so that its line can be named.
                if self._is_given or self.encoding:
                    raise self._invalid(name, block[: max(error.start, 0)]) from None
                del self._decoders[name]
        if not self.encoding and len(self._sample) < encodings.SAMPLE_BYTES:
            lines = [line for line in block.split(b"\n") if not line.isascii()]
            self._sample += b"\n".join([*lines, b""])[: encodings.SAMPLE_BYTES]

    def _invalid(self, name: str, valid: bytes) -> UnreadableFile:
        return UnreadableFile(
            _("Line %(line)d is not valid %(encoding)s; save the file as UTF-8.")
            % {
                "line": self._line + valid.count(b"\n"),
                "encoding": name.upper(),
            }
        )

    def finish(self) -> str:
        """Return the encoding; raises if the file ends within a character."""
        for name, decoder in list(self._decoders.items()):
            try:
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                if self.encoding:
                    raise UnreadableFile(
                        _("The file ends in the middle of a character.")
                    ) from None
                del self._decoders[name]
        if self.encoding or not self._sample:
            return self.encoding or "utf-8"
        # Without a line that the limit of the sample has cut.
        lines = self._sample.split(b"\n")
        whole = b"\n".join(lines if len(lines) < 3 else lines[:-1])
        self.choices = encodings.rank(whole, list(self._decoders))
        if not self.choices:
            raise _unknown_encoding()
        return self.choices[0].name


def _unknown_encoding() -> UnreadableFile:
    return UnreadableFile(
        _(
            "The encoding of the file is unknown. Save it as UTF-8, or choose "
            "one with --encoding."
        )
    )


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
        self._decoder = codecs.getincrementaldecoder(encodings.CODECS[encoding])()
        self._pending = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        view = memoryview(buffer).cast("B")
        while not self._pending:
            block = self._raw.read(decompression.BLOCK_BYTES)
            try:
                self._pending = self._decoder.decode(block, final=not block).encode()
            except UnicodeError:
                # What was found in a sample does not hold for the whole file.
                raise _unknown_encoding() from None
            if not block:
                break
        block, self._pending = self._pending[: len(view)], self._pending[len(view) :]
        view[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._raw.close()
        super().close()
