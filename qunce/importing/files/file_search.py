"""Finds texts in files as they are stored, whatever their format."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
BLOCK = 1 << 20
MAX_MEMBER_BYTES = 1 << 30
"""Of what a file in an archive is said to unpack to; a larger one counts as found."""
MIN_BYTES = 4


def contains(path: Path, texts: Iterable[str]) -> bool:
    """Whether the file has one of these texts, in any usual encoding.

    Workbooks are looked at inside. Texts of fewer than four bytes are not looked for.
    """
    patterns = {
        text.encode(encoding, "ignore") for text in texts for encoding in ENCODINGS
    }
    wanted = sorted(each for each in patterns if len(each) >= MIN_BYTES)
    if not wanted or not path.exists():
        return False
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            return _has(file, wanted)
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.file_size > MAX_MEMBER_BYTES:
                return True
            with archive.open(member) as inside:
                if _has(inside, wanted):
                    return True
    return False


def _has(file: IO[bytes], wanted: Sequence[bytes]) -> bool:
    overlap = max(map(len, wanted)) - 1
    tail = b""
    while block := file.read(BLOCK):
        window = tail + block
        if any(each in window for each in wanted):
            return True
        tail = window[-overlap:]
    return False
