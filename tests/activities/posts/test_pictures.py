"""Pictures of posts: what is refused before it is decoded, and what is left of the others."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from PIL import Image

from qunce.activities.posts import pictures
from qunce.activities.posts.pictures import InvalidPicture
from tests.activities.posts.builders import picture


def zip_file() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("a.txt", "hello")
    return out.getvalue()


def moving_gif() -> bytes:
    out = io.BytesIO()
    frames = [Image.new("P", (9, 9), shade) for shade in (1, 2)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG that only promises so many pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        sum_ = zlib.crc32(name + content)
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", sum_)
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (png_of(10_000, 5_000), "more than 40 megapixels"),
        (png_of(2**31 - 1, 2**31 - 1), "megapixels|cannot be read"),
        (b"\0" * (pictures.MAX_BYTES + 1), "larger than 10 MB"),
        (zip_file(), "cannot be read as a picture"),
        (moving_gif(), "cannot be read as a picture"),
        (SVG, "cannot be read as a picture"),
        (picture(size=(900, 900))[:-400], "cannot be read as a picture"),
        (picture(form="PNG", size=(90, 90))[:60], "cannot be read as a picture"),
        (b"", "cannot be read as a picture"),
        (b"%PDF-1.4", "cannot be read as a picture"),
    ],
)
def test_what_is_no_small_picture_is_refused(content: bytes, problem: str) -> None:
    with pytest.raises(InvalidPicture, match=problem):
        pictures.encode(content)


def test_the_number_of_the_picture_is_named() -> None:
    with pytest.raises(InvalidPicture, match="Picture 2: It cannot be read"):
        pictures.encode_all([picture(), SVG])
    with pytest.raises(InvalidPicture, match="at most 9 pictures; these are 10"):
        pictures.encode_all([picture()] * 10)


def test_it_is_upright_and_says_nothing_about_the_camera() -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Leica of Bob"
    exif.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", (60, 40), "green").save(out, "JPEG", exif=exif, comment=b"Bob")
    found = pictures.encode(out.getvalue())
    assert (found.width, found.height) == (40, 60)
    assert b"Bob" not in found.content and b"Exif" not in found.content
    with Image.open(io.BytesIO(found.content)) as image:
        assert image.format == "JPEG" and not image.getexif()


@pytest.mark.parametrize(
    ("mode", "form"),
    [("CMYK", "JPEG"), ("I;16", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("1", "PNG")],
)
def test_other_kinds_of_colours_become_plain_ones(mode: str, form: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (30, 20)).save(out, form)
    found = pictures.encode(out.getvalue())
    with Image.open(io.BytesIO(found.content)) as image:
        assert (image.mode, image.size) == ("RGB", (30, 20))


def test_sixteen_bits_keep_their_shades() -> None:
    out = io.BytesIO()
    Image.new("I;16", (8, 8), 0x8000).save(out, "PNG")
    with Image.open(io.BytesIO(pictures.encode(out.getvalue()).content)) as image:
        shades = image.convert("L").tobytes()
    assert 120 <= min(shades) <= max(shades) <= 136


def test_large_ones_are_made_small() -> None:
    found = pictures.encode(picture(size=(4_000, 1_000)))
    assert (found.width, found.height) == (pictures.SIDE, pictures.SIDE // 4)
