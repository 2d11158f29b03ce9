"""Placeholders: what chat programs write into a copied text for what is no text."""

from __future__ import annotations

import re

PLACEHOLDERS = re.compile(
    r"\[(?:图片|照片|相片|表情|动画表情|视频|语音|文件|位置|链接|小程序|Image|Photo|Picture"
    r"|Sticker|Video|Voice|File|Location|Link|Mini Program)\]",
    re.IGNORECASE,
)


def without(text: str) -> str:
    """The text without them; the text itself if it consists of nothing else.

    The same advert is copied with “[图片]” and without it.
    """
    rest = " ".join(PLACEHOLDERS.sub(" ", text).split())
    return rest or text.strip()
