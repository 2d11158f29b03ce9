"""Pictures of posts: judged by content, and encoded again without metadata."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from PIL import Image, ImageOps

from qunce.activities.posts.models import MAX_PICTURES
from qunce.core import errors

MAX_BYTES, MAX_PIXELS, SIDE, QUALITY = 10_000_000, 40_000_000, 1_280, 80
FORMATS = ("JPEG", "PNG", "WEBP")
"""Those of one picture; moving ones and drawings with scripts are not among them."""


class InvalidPicture(errors.Invalid):
    """What was sent is no picture that can be read, or it is too large."""


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """A JPEG and its size in pixels."""

    content: bytes
    width: int
    height: int


def check_count(count: int) -> None:
    """Raise InvalidPicture for more pictures than a post can have."""
    if count > MAX_PICTURES:
        text = ngettext(
            "A post can have at most %(most)s pictures; this is %(n)s.",
            "A post can have at most %(most)s pictures; these are %(n)s.",
            count,
        )
        raise InvalidPicture(text % {"most": MAX_PICTURES, "n": count})


def encode_all(contents: Sequence[bytes]) -> list[Encoded]:
    """All pictures, or InvalidPicture with the number of the one that is refused."""
    check_count(len(contents))
    found = []
    for number, content in enumerate(contents, start=1):
        try:
            found.append(encode(content))
        except InvalidPicture as error:
            raise InvalidPicture(
                _("Picture %(n)s: %(problem)s") % {"n": number, "problem": error}
            ) from None
    return found


def encode(content: bytes) -> Encoded:
    """A JPEG of at most SIDE pixels a side, upright; raises InvalidPicture.

    The number of pixels is read from the header, before anything is decoded. What cameras
    add, such as the place, is not in it.
    """
    if len(content) > MAX_BYTES:
        raise InvalidPicture(
            _("It is larger than %(most)s MB. Choose a smaller one.")
            % {"most": MAX_BYTES // 10**6}
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                _check_pixels(*picture.size)
                picture.draft("RGB", (SIDE, SIDE))
                flat = _flatten(picture)
    except InvalidPicture:
        raise
    # Of broken pictures, Pillow raises whatever its decoders do.
    except Exception as error:
        raise InvalidPicture(
            _("It cannot be read as a picture. Choose a JPEG, PNG or WebP.")
        ) from error
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=QUALITY)
    return Encoded(content=out.getvalue(), width=flat.width, height=flat.height)


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise InvalidPicture(
            _("It has more than %(most)s megapixels. Choose a smaller one.")
            % {"most": MAX_PIXELS // 10**6}
        )


def _flatten(picture: Image.Image) -> Image.Image:
    """Upright, small and on white; 16 bits a channel become 8."""
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        # A plain conversion would cut off what is above 255.
        shades = picture.convert("I").point(lambda value: value / 256)
        picture = shades.convert("L")
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((SIDE, SIDE))
    layered = upright.convert("RGBA")
    flat = Image.new("RGB", layered.size, "white")
    flat.paste(layered, mask=layered.getchannel("A"))
    return flat
