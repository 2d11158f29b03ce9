"""Generates docs/reference/ from the code: `python -m docs`.

With --check it writes nothing and exits with 1 if a page is outdated.
"""

from __future__ import annotations

import sys
from pathlib import Path

import django

FOLDER = Path(__file__).parent / "reference"


def main(arguments: list[str]) -> int:
    django.setup()
    from docs import pages

    outdated = []
    for name, text in pages.all_pages().items():
        path = FOLDER / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        outdated.append(name)
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    print("\n".join(outdated) or "docs/reference is current")
    return 1 if outdated and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
