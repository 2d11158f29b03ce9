"""Pictures of members: every QR code is read back, whatever names are drawn."""

from __future__ import annotations

import io
import threading

import pytest
from PIL import Image

from qunce.core.pictures import fonts, pictures
from qunce.core.pictures.pictures import Cache, Picture

ADDRESS = "https://m.example.org/p/coffee/?from=AbCdEfGh1234567890"
HOSTILE = [
    "王小明",
    "a" * 500,
    "长" * 500,
    "<img onerror=x> & </text>",
    "\u202egpj.exe\u202c",
    "𠮷野家 🎉🎁 Ω\x00\x0b",
    "",
]


def read_codes(png: bytes) -> list[str]:
    import zxingcpp

    image = Image.open(io.BytesIO(png)).convert("L")
    return [found.text for found in zxingcpp.read_barcodes(image)]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_every_code_is_read_back(name: str) -> None:
    rows = (("会员", name), (name, "2026-12-01"))
    for number in ("", "0042", name):
        picture = Picture(name, name, number, rows, ADDRESS, name)
        content = pictures.render(picture)
        assert content.startswith(b"\x89PNG")
        assert read_codes(content) == [ADDRESS]
        assert Image.open(io.BytesIO(content)).width == pictures.WIDTH
        assert len(content) < 200_000


def test_a_long_number_has_two_lines_that_fit() -> None:
    number = " ".join(["b8b8"] * 8)
    svg = pictures.to_svg(Picture("t", number=number))
    assert svg.count(">b8b8 b8b8 b8b8 b8b8</text>") == 2
    assert ">0042</text>" in pictures.to_svg(Picture("t", number="0042"))


def test_a_picture_is_described_in_words_and_its_version_is_that_of_its_content() -> (
    None
):
    picture = Picture("抽奖", "茶社", "0042", (("杯子", "× 2"),), ADDRESS, "扫码")
    assert pictures.describe(picture) == "抽奖 · 茶社 · 0042 · 杯子 × 2 · 扫码"
    same = Picture("抽奖", "茶社", "0042", (("杯子", "× 2"),), ADDRESS, "扫码")
    assert pictures.version_of(picture) == pictures.version_of(same)
    other = Picture("抽奖", "茶社", "0043", (("杯子", "× 2"),), ADDRESS, "扫码")
    assert pictures.version_of(picture) != pictures.version_of(other)


def test_what_the_font_lacks_is_left_out() -> None:
    assert fonts.has("王")
    assert fonts.has("é")
    assert not fonts.has("🎉")
    assert fonts.drawable("小🎉明\u202e \n A") == "小明 A"
    svg = pictures.to_svg(Picture("<b>🎁礼物</b>"))
    assert "&lt;b&gt;礼物&lt;/b&gt;" in svg
    assert "🎁" not in svg


def test_long_texts_are_cut_to_their_width() -> None:
    assert fonts.fit("短", 28, 100) == "短"
    cut = fonts.fit("长" * 50, 28, 300)
    assert cut.endswith("长…")
    assert 270 < fonts.width(cut, 28) <= 300
    assert fonts.fit("长" * 50, 28, 1) == "…"


def test_a_picture_is_made_once() -> None:
    picture = Picture("once", address=ADDRESS)
    assert pictures.render(picture) is pictures.render(Picture("once", address=ADDRESS))


def test_the_cache_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_CACHED_BYTES", 10)
    cache = Cache()
    cache.add(Picture("a"), b"12345")
    cache.add(Picture("b"), b"12345")
    assert cache.find(Picture("a")) == b"12345"
    cache.add(Picture("c"), b"1")
    assert cache.find(Picture("b")) is None
    assert cache.find(Picture("a")) == b"12345"
    assert cache.size == 6


def test_two_are_made_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, lock = 0, 0, threading.Lock()
    both = threading.Barrier(2, timeout=10)

    def make(svg: str) -> bytes:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        # The first two wait for each other: so two are made at the same time, and no more.
        both.wait()
        with lock:
            running -= 1
        return svg.encode()

    monkeypatch.setattr(pictures, "_to_png", make)
    threads = [
        threading.Thread(target=pictures.render, args=(Picture(f"turn {n}"),))
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2
