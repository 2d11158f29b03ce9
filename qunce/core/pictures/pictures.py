"""Pictures that members keep and pass on: made on the server, as PNG.

Chat apps find a QR code only in a real picture, not in a canvas or a data URL. A picture
is an SVG of our own, so that nothing in it is loaded from anywhere.
"""

from __future__ import annotations

import functools
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax import saxutils

import segno

from qunce.core import text_validation
from qunce.core.pictures import fonts

WIDTH, MARGIN, GAP = 750, 56, 24
INNER = WIDTH - 2 * MARGIN
QR_SIZE = 260
MAX_ROWS = 24
NUMBER_SIZES = (96, 72, 54)
MAX_QR_BYTES = 600
AT_A_TIME = 2
MAX_CACHED_BYTES = 16_000_000
INK, SOFT, ACCENT, PAPER, LINE = "#1f2421", "#57605b", "#0f5d4a", "#ffffff", "#d9d4c8"


@dataclass(frozen=True)
class Picture:
    """What a picture shows: all of it text, and a QR code of `address` if there is one.

    `number` is written large, as that of a ticket, in two lines where it is long; `rows`
    are pairs of label and value, of which the first `MAX_ROWS` are shown.
    """

    title: str
    subtitle: str = ""
    number: str = ""
    rows: Sequence[tuple[str, str]] = ()
    address: str = ""
    note: str = ""


def describe(picture: Picture) -> str:
    """What a picture shows, in words, for people who do not see it."""
    rows = [" ".join(row).strip() for row in shown_rows(picture)]
    parts = [picture.title, picture.subtitle, picture.number, *rows, picture.note]
    return " · ".join(
        part for part in map(text_validation.without_unprintable, parts) if part
    )


def shown_rows(picture: Picture) -> list[tuple[str, str]]:
    return list(picture.rows)[:MAX_ROWS]


def version_of(picture: Picture) -> str:
    """A short text that changes with what a picture shows, for the address of its file."""
    return hashlib.sha256(repr(picture).encode()).hexdigest()[:16]


@dataclass
class Cache:
    """The last pictures, up to a number of bytes."""

    pictures: OrderedDict[Picture, bytes] = field(default_factory=OrderedDict)
    size: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, picture: Picture) -> bytes | None:
        with self.lock:
            if picture in self.pictures:
                self.pictures.move_to_end(picture)
            return self.pictures.get(picture)

    def add(self, picture: Picture, content: bytes) -> None:
        with self.lock:
            if picture in self.pictures:
                return
            self.pictures[picture] = content
            self.size += len(content)
            while self.size > MAX_CACHED_BYTES:
                _oldest, removed = self.pictures.popitem(last=False)
                self.size -= len(removed)


CACHE = Cache()
_turn = threading.BoundedSemaphore(AT_A_TIME)


def render(picture: Picture) -> bytes:
    """A picture as PNG, 750 pixels wide. Two are made at a time, the others wait."""
    found = CACHE.find(picture)
    if found is not None:
        return found
    with _turn:
        found = CACHE.find(picture)
        if found is None:
            found = _to_png(to_svg(picture))
            CACHE.add(picture, found)
    return found


def _to_png(svg: str) -> bytes:
    import vl_convert

    _register_font()
    return bytes(vl_convert.svg_to_png(svg))


@functools.cache
def _register_font() -> None:
    import vl_convert

    vl_convert.register_font_directory(str(fonts.path().parent))


def to_svg(picture: Picture) -> str:
    """The picture as SVG; what does not fit is cut, what the font lacks is left out."""
    parts: list[str] = []
    y = 88.0
    parts += _line(picture.title, 42, y, fill=INK)
    if picture.subtitle:
        y += 54
        parts += _line(picture.subtitle, 30, y, fill=SOFT)
    if picture.number:
        size, lines = _number_lines(picture.number)
        y += 34
        for line in lines:
            y += size
            parts += _line(line, size, y, fill=ACCENT, is_centred=True)
    y += 40
    for label, value in shown_rows(picture):
        y += 54
        value = fonts.fit(text_validation.without_unprintable(value), 28, INNER / 2)
        most = INNER - fonts.width(value, 28) - GAP
        parts += _line(label, 28, y, fill=SOFT, most=most)
        parts += _line(value, 28, y, fill=INK, is_at_end=True)
    y += 40
    if picture.address:
        parts.append(_qr_code(picture.address, (WIDTH - QR_SIZE) / 2, y))
        y += QR_SIZE + 20
    if picture.note:
        y += 40
        parts += _line(picture.note, 26, y, fill=SOFT, is_centred=True)
    height = round(y + MARGIN)
    frame = (
        f'<rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>'
        f'<rect width="{WIDTH}" height="16" fill="{ACCENT}"/>'
        f'<rect x="1" y="1" width="{WIDTH - 2}" height="{height - 2}"'
        f' fill="none" stroke="{LINE}" stroke-width="2"/>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
        f' viewBox="0 0 {WIDTH} {height}" font-family="{fonts.FAMILY}">'
        f"{frame}{''.join(parts)}</svg>"
    )


def _number_lines(number: str) -> tuple[int, list[str]]:
    """The size of a number, and its lines: one that fits, or else two halves."""
    number = fonts.drawable(text_validation.without_unprintable(number[:500]))
    for size in NUMBER_SIZES:
        if fonts.width(number, size) <= INNER:
            return size, [number]
    words = number.split()
    half = (len(words) + 1) // 2
    return NUMBER_SIZES[-1], [" ".join(words[:half]), " ".join(words[half:])]


def _line(
    text: str,
    size: int,
    y: float,
    *,
    fill: str,
    most: float = INNER,
    is_centred: bool = False,
    is_at_end: bool = False,
) -> list[str]:
    fitted = fonts.fit(text_validation.without_unprintable(text), size, most)
    if not fitted:
        return []
    x, anchor = float(MARGIN), "start"
    if is_centred:
        x, anchor = WIDTH / 2, "middle"
    if is_at_end:
        x, anchor = float(WIDTH - MARGIN), "end"
    return [
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{fill}"'
        f' text-anchor="{anchor}">{saxutils.escape(fitted)}</text>'
    ]


def _qr_code(address: str, x: float, y: float) -> str:
    """A code of at most `MAX_QR_BYTES`, drawn as one path."""
    content = address.encode()[:MAX_QR_BYTES].decode(errors="ignore")
    code = segno.make(content, error="m", micro=False, boost_error=False)
    border = 4
    modules = code.symbol_size(border=border)[0]
    steps = [
        f"M{column} {row}h1v1h-1z"
        for row, cells in enumerate(code.matrix_iter(border=border))
        for column, cell in enumerate(cells)
        if cell
    ]
    scale = QR_SIZE / modules
    return (
        f'<g transform="translate({x:g} {y:g}) scale({scale:g})">'
        f'<path d="{"".join(steps)}" fill="#000" shape-rendering="crispEdges"/></g>'
    )
