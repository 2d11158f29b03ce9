"""Text of a document from the web, whose encoding may be declared wrongly or not at all."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

ENCODINGS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "big5hkscs": "big5hkscs",
    "shift_jis": "cp932",
    "cp932": "cp932",
    "euc_jp": "euc_jp",
    "euc_kr": "cp949",
    "cp949": "cp949",
    "iso8859-1": "cp1252",
    "cp1250": "cp1250",
    "cp1251": "cp1251",
    "cp1252": "cp1252",
    "koi8-r": "koi8-r",
    "utf-8": "utf-8",
    "utf-16": "utf-16",
}
"""Python's name of an encoding → the codec that reads it. Others are not of the web."""
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
DECLARED = re.compile(
    rb"(?:encoding|charset)\s{0,5}=\s{0,5}[\"']?([A-Za-z0-9_.:-]{2,20})"
)
HEAD_BYTES = 2_048


def decode(body: bytes, content_type: str = "") -> str:
    """Return the text of a document. What cannot be decoded becomes U+FFFD.

    Text that is valid UTF-8 is UTF-8, whatever is declared: no other text is by chance.
    """
    for codec in _candidates(body, content_type):
        try:
            # Not final, as the document may be cut inside of a character.
            return codecs.getincrementaldecoder(codec)("strict").decode(body)
        except UnicodeError:
            continue
    return body.decode("utf-8", "replace")


def _candidates(body: bytes, content_type: str) -> Iterator[str]:
    for mark, codec in BYTE_ORDER_MARKS:
        if body.startswith(mark):
            yield codec
    if b"\0" in body[:4]:
        yield "utf-16-be" if body[:1] == b"\0" else "utf-16-le"
    yield "utf-8"
    for text in (content_type.encode("latin-1", "ignore"), body[:HEAD_BYTES]):
        if found := DECLARED.search(text):
            yield from _known(found[1].decode())
    yield "gb18030"


def _known(label: str) -> Iterator[str]:
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return
    if name in ENCODINGS:
        yield ENCODINGS[name]
