"""QR codes and barcodes in pictures from strangers, with bounds on size and pixels."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import zxingcpp
from PIL import Image, ImageFile

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 40_000_000
MAX_SIDE = 2_000
"""Pictures are reduced to this, at which a code that a phone reads is still read."""
MAX_FRAMES = 3
"""Frames of a moving picture that are read: the first ones."""
MAX_CODES = 20
READABLE = (
    zxingcpp.BarcodeFormat.QRCode,
    zxingcpp.BarcodeFormat.MicroQRCode,
    zxingcpp.BarcodeFormat.Aztec,
    zxingcpp.BarcodeFormat.DataMatrix,
    zxingcpp.BarcodeFormat.PDF417,
    zxingcpp.BarcodeFormat.EAN13,
    zxingcpp.BarcodeFormat.EAN8,
    zxingcpp.BarcodeFormat.UPCA,
    zxingcpp.BarcodeFormat.Code128,
    zxingcpp.BarcodeFormat.ITF,
)
BARCODES = frozenset(READABLE[5:])
_FORMATS = zxingcpp.barcode_formats_from_str(",".join(each.name for each in READABLE))


class UnreadableImage(Exception):
    """A file is no picture that can be read, or is larger than the bounds."""


@dataclass(frozen=True)
class Code:
    """A code and what it says. `is_barcode` is one of lines, as on goods."""

    text: str
    is_barcode: bool


def read(content: bytes) -> list[Code]:
    """The codes in a picture, each once. Raises UnreadableImage."""
    if len(content) > MAX_BYTES:
        raise UnreadableImage
    found: dict[Code, None] = {}
    for frame in _list_frames(content):
        for barcode in zxingcpp.read_barcodes(frame, formats=_FORMATS):
            # A code may hold bytes that no database can store.
            text = barcode.text.replace("\0", "").encode("utf-8", "replace").decode()
            found[Code(text, barcode.format in BARCODES)] = None
    return list(found)[:MAX_CODES]


def _list_frames(content: bytes) -> Iterator[Image.Image]:
    """The first frames in shades of grey on white, no larger than MAX_SIDE."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=FORMATS)
            yield from _read_frames(image)
    except Exception as error:
        # The decoders raise whatever a damaged picture leads to, such as IndexError. Its
        # message has to be judged all the same.
        raise UnreadableImage from error


def _read_frames(image: ImageFile.ImageFile) -> Iterator[Image.Image]:
    for number in range(MAX_FRAMES):
        if not 0 < image.width * image.height <= MAX_PIXELS:
            raise UnreadableImage
        if number == 0:
            image.draft("L", (MAX_SIDE, MAX_SIDE))
        frame = image.convert("LA")
        shown = Image.new("L", frame.size, 255)
        shown.paste(frame.getchannel("L"), mask=frame.getchannel("A"))
        shown.thumbnail((MAX_SIDE, MAX_SIDE))
        yield shown
        try:
            image.seek(number + 1)
        except EOFError:
            return
