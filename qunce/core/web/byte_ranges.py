"""The response to a request for a file: all of it, or one range of its bytes.

Players of videos and audio ask for ranges to seek, and Safari plays nothing without them.
Several ranges at once are answered with the whole file, as RFC 9110 allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CHUNK_BYTES = 1 << 20
ONE_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class ByteRange:
    """The bytes from `first` to `last`, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class RangeNotSatisfiable(Exception):
    """The file has no byte of the range."""


def parse_range(header: str, size: int) -> ByteRange | None:
    """The range that a header asks for, None for the whole file.

    Raises RangeNotSatisfiable. What is no single range is ignored.
    """
    found = ONE_RANGE.fullmatch(header.strip())
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        # The last bytes; a file that is shorter is sent as a whole.
        length = int(last)
        if not length or not size:
            raise RangeNotSatisfiable
        return ByteRange(max(size - length, 0), size - 1)
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise RangeNotSatisfiable
    return ByteRange(int(first), min(int(last), size - 1) if last else size - 1)


@dataclass(frozen=True)
class FileResponse:
    status: int
    headers: dict[str, str]
    chunks: Iterable[bytes]


def respond(
    path: Path, *, method: str | None, headers: Mapping[str, str], etag: str = ""
) -> FileResponse:
    """The file, or the range of it that a request asks for.

    `headers` are those of the request, and `etag` is the same as long as the content is.
    """
    size = path.stat().st_size
    wanted = None
    # Only for the file that the player has the other bytes of.
    condition = headers.get("If-Range", "")
    if method == "GET" and condition in ("", f'"{etag}"'):
        try:
            wanted = parse_range(headers.get("Range", ""), size)
        except RangeNotSatisfiable:
            return FileResponse(416, {"Content-Range": f"bytes */{size}"}, ())
    sent = wanted or ByteRange(0, size - 1)
    fields = {"Content-Length": str(sent.length), "Accept-Ranges": "bytes"}
    if wanted:
        fields["Content-Range"] = f"bytes {sent.first}-{sent.last}/{size}"
    if etag:
        fields["ETag"] = f'"{etag}"'
    return FileResponse(206 if wanted else 200, fields, read(path, sent))


def read(path: Path, wanted: ByteRange) -> Iterator[bytes]:
    """The bytes of a range, opened when the first chunk is asked for."""
    left = wanted.length
    with path.open("rb") as content:
        content.seek(wanted.first)
        while left > 0 and (chunk := content.read(min(left, CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk
