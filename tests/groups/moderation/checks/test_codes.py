from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import pytest
import segno
from PIL import Image

from qunce.groups.moderation.checks import base
from qunce.groups.moderation.checks.findings import Finding
from qunce.groups.moderation.checks.subjects import File
from qunce.groups.moderation.contents import image_codes
from tests.groups.moderation.subjects import compiled, subject

INVITE = "https://weixin.qq.com/g/AbCdEf"


def draw_code(text: str = INVITE) -> Image.Image:
    written = io.BytesIO()
    segno.make(text).save(written, kind="png", scale=6)
    return Image.open(written).convert("RGB")


def save(image: Image.Image, kind: str, **options: object) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def find(content: bytes, **options: object) -> list[Finding]:
    file = File(name="p", media_type="image/png", load=lambda: content)
    return list(compiled("codes", **options).judge(subject(files=(file,))).findings)


def in_a_photo() -> bytes:
    photo = Image.new("RGB", (1600, 1200), (90, 120, 150))
    photo.paste(draw_code().resize((400, 400)), (700, 500))
    return save(photo, "JPEG")


def sticker() -> bytes:
    code = draw_code().convert("L")
    clear = Image.new("RGBA", code.size, (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), mask=code.point(lambda level: 255 - level))
    return save(clear, "WEBP", lossless=True)


def second_frame() -> bytes:
    code = draw_code()
    empty = Image.new("RGB", code.size, "white")
    return save(empty, "GIF", save_all=True, append_images=[code], duration=50)


def inverted() -> bytes:
    return save(draw_code().point(lambda level: 255 - level).rotate(90), "PNG")


@pytest.mark.parametrize("make", [in_a_photo, sticker, second_frame, inverted])
def test_code_in_a_picture_is_read(make: Callable[[], bytes]) -> None:
    (finding,) = find(make())
    assert finding.evidence[0].place == "file:0"
    assert base.list_sentences(finding) == [f"A QR code in a picture says “{INVITE}”."]


def test_codes_of_allowed_addresses_do_not_count() -> None:
    content = save(draw_code(), "PNG")
    assert find(content, allowed=["weixin.qq.com"]) == []
    assert find(content, qr_codes="off") == []
    assert find(content, qr_codes={"at_most": 1}) == []
    assert find(content, allowed=["qq.cn"])
    ticket = save(draw_code("TICKET-1"), "PNG")
    assert find(ticket, allowed=["ticket-1"]) == []
    assert find(ticket)


def make_bomb() -> bytes:
    """A PNG of 60,000 × 60,000 pixels in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        end = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + end

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * 1_000_000)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", data), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    "content",
    [
        make_bomb(),
        b"",
        b"no picture",
        b"GIF89a" + b"\xff" * 100,
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        save(Image.new("L", (10, 10)), "TIFF"),
        b"\0" * (image_codes.MAX_BYTES + 1),
    ],
    ids=["bomb", "empty", "text", "gif", "png", "tiff", "large"],
)
def test_picture_that_cannot_be_read_is_reported_if_asked_for(content: bytes) -> None:
    with pytest.raises(image_codes.UnreadableImage):
        image_codes.read(content)
    assert find(content) == []
    (finding,) = find(content, unreadable=True)
    assert base.list_sentences(finding) == ["A picture is too large or cannot be read."]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_broken_picture_is_refused_or_read_but_never_fails(kind: str) -> None:
    whole = save(draw_code(), kind)
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        try:
            codes = image_codes.read(whole[:length])
        except image_codes.UnreadableImage:
            continue
        assert all(code.text == INVITE for code in codes)


def test_file_that_is_no_picture_is_not_loaded() -> None:
    def load() -> bytes:
        raise AssertionError

    video = File(name="v", media_type="video/mp4", load=load)
    assert not compiled("codes").judge(subject(files=(video,))).findings
