"""Writes docs/reference/ anew from the code: `python -m docs`.

With --check nothing is written; the exit code says whether every page is current.
"""

from __future__ import annotations

import sys
from pathlib import Path

import django

FOLDER = Path(__file__).parent / "reference"


def main(words: list[str]) -> int:
    django.setup()
    from docs import pages

    old = []
    for name, text in pages.all_pages().items():
        path = FOLDER / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        old.append(name)
        if "--check" not in words:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    print("\n".join(old) or "docs/reference is current")
    return 1 if old and "--check" in words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
