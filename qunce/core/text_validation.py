"""Text that every database, file and page can store."""

from __future__ import annotations

import re

SURROGATE = re.compile("[\ud800-\udfff]")


UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
"""Characters that no XML document may hold."""


def without_unprintable(text: str) -> str:
    """`text` as an XML document, such as an SVG picture, may hold it."""
    return UNPRINTABLE.sub("", text)


def is_valid(text: str) -> bool:
    """Whether `text` has no NUL, which PostgreSQL refuses, and no lone surrogate."""
    return "\0" not in text and (text.isascii() or not SURROGATE.search(text))
