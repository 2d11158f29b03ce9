"""Pictures of members: every QR code is read back, whatever names are drawn."""

from __future__ import annotations

import io
import threading
from typing import Any

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
    given: dict[str, Any] = {
        "rows": [("会员", name), (name, "2026-12-01")],
        "address": ADDRESS,
        "note": name,
    }
    card = pictures.card(community=name, name=name, **given)
    ticket = pictures.ticket(community=name, title=name, number="0042", **given)
    for picture in (card, ticket):
        assert picture.startswith(b"\x89PNG")
        assert read_codes(picture) == [ADDRESS]
        assert Image.open(io.BytesIO(picture)).width == pictures.WIDTH
        assert len(picture) < 200_000


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
