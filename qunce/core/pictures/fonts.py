"""The font of pictures: which characters it has, and how wide a text is in it.

Noto Sans SC (SIL Open Font License 1.1), from the package pylopdf-fonts-zh-cn.
"""

from __future__ import annotations

import bisect
import functools
import struct
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

FAMILY = "Noto Sans SC"
MEASURED_SIZE = 100
UNICODE_FULL = ((3, 10), (0, 4), (0, 6))
"""Platform and encoding of the table of characters beyond the first 65,536."""
ELLIPSIS = "…"


def path() -> Path:
    import pylopdf_fonts_zh_cn

    return Path(pylopdf_fonts_zh_cn.sans_path())


def has(sign: str) -> bool:
    """Whether the font has a picture of this character."""
    starts, ends = _ranges()
    index = bisect.bisect_right(starts, ord(sign)) - 1
    return index >= 0 and ord(sign) <= ends[index]


def drawable(text: str) -> str:
    """The text in one line, without characters that would be drawn as empty boxes.

    Marks that change the direction of writing are left out as well.
    """
    kept = [
        sign
        for sign in unicodedata.normalize("NFC", " ".join(text.split()))
        if unicodedata.category(sign)[0] != "C" and has(sign)
    ]
    return " ".join("".join(kept).split())


def width(text: str, size: float) -> float:
    """How wide a text is, in the unit of `size`."""
    return float(_measure().getlength(text)) * size / MEASURED_SIZE


def fit(text: str, size: float, most: float) -> str:
    """The drawable part of a text, cut with an ellipsis where it becomes too wide."""
    text = drawable(text[:500])
    if width(text, size) <= most:
        return text
    left, right = 0, len(text)
    while left < right:
        middle = (left + right + 1) // 2
        if width(text[:middle] + ELLIPSIS, size) <= most:
            left = middle
        else:
            right = middle - 1
    return text[:left].rstrip() + ELLIPSIS


@functools.cache
def _measure() -> FreeTypeFont:
    from PIL import ImageFont

    layout = ImageFont.Layout.BASIC
    return ImageFont.truetype(str(path()), MEASURED_SIZE, layout_engine=layout)


@functools.cache
def _ranges() -> tuple[list[int], list[int]]:
    """The first and the last characters of the font's ranges, from its table `cmap`."""
    data = path().read_bytes()
    cmap = _table(data, b"cmap")
    count: int = struct.unpack_from(">H", data, cmap + 2)[0]
    for number in range(count):
        platform, encoding, offset = struct.unpack_from(
            ">HHI", data, cmap + 4 + 8 * number
        )
        (form,) = struct.unpack_from(">H", data, cmap + offset)
        if (platform, encoding) in UNICODE_FULL and form == 12:
            (groups,) = struct.unpack_from(">I", data, cmap + offset + 12)
            found = struct.iter_unpack(
                ">III", data[cmap + offset + 16 : cmap + offset + 16 + 12 * groups]
            )
            starts, ends, _glyphs = map(list, zip(*found, strict=True))
            return starts, ends
    raise ValueError(f"{path()} has no table of all characters")


def _table(data: bytes, name: bytes) -> int:
    (count,) = struct.unpack_from(">H", data, 4)
    for number in range(count):
        tag, _checksum, offset, _length = struct.unpack_from(
            ">4sIII", data, 12 + 16 * number
        )
        if tag == name:
            return int(offset)
    raise ValueError(f"{path()} has no table {name.decode()}")
