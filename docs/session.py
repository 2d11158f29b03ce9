"""Runs what the guide shows: `python -m docs.session en [--write]`.

The pages of one language are one session in an empty home. A block such as
```` ```csv members.csv ```` makes the file, a `console` block has commands behind `$ `
with their output below. --write puts the real output into the pages.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

GUIDE = Path(__file__).parent / "guide"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FLEETING = re.compile(
    r"\d[\d,.]*(?= (ms|s|MB|秒|a second))|(?<=每秒 )[\d,]+"
    r"|(?<=(took|gest)_ms\": )[\d.]+|(?<=seconds\": )[\d.]+"
    r"|\d[\d,]*(?= (facts|rows as of|条事实|行，截至))|^(facts|事实)  +\d+$"
    r"|\d{8}-\d{6}|\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d.+:Z]*|\b[0-9a-f]{32,}\b",
    re.MULTILINE,
)
"""What differs from run to run or grows with the code: durations, sizes, how many facts."""


def main(words: list[str]) -> int:
    language, write = words[0], "--write" in words
    pages = [path.absolute() for path in sorted((GUIDE / language).glob("[0-9]*.md"))]
    with tempfile.TemporaryDirectory(prefix="qunce-guide-") as folder:
        _enter(Path(folder), language)
        wrong = [line for page in pages for line in _page(page, write=write)]
    print("\n".join(wrong))
    return 1 if wrong and not write else 0


def _enter(folder: Path, language: str) -> None:
    os.chdir(folder)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "qunce.settings",
        "QUNCE_HOME": str(folder / "home"),
        "QUNCE_LANG": language[:2],
    }
    os.environ.pop("DATABASE_URL", None)
    sys.stdin = io.StringIO()  # nobody is there to be asked


def _page(page: Path, *, write: bool) -> Iterator[str]:
    """Run a page; yields how it differs from what came out."""
    old = page.read_text(encoding="utf-8")
    new = BLOCK.sub(_block, old)
    if lasting(new) == lasting(old):
        return
    if write:
        page.write_text(new, encoding="utf-8")
    lines = (lasting(old).splitlines(), lasting(new).splitlines())
    yield from difflib.unified_diff(
        *lines, page.name, "what came out", lineterm="", n=1
    )


def lasting(text: str) -> str:
    return FLEETING.sub("#", text)


def _block(found: re.Match[str]) -> str:
    language, name, body = found.groups()
    if language == "console":
        return f"```console\n{_console(body)}```"
    if name:
        Path(name).write_text(body, encoding="utf-8")
    return found[0]


def _console(body: str) -> str:
    parts = re.split(r"^(?=\$ )", body, flags=re.MULTILINE)
    return "".join(map(_command, parts))


def _command(part: str) -> str:
    line, _end, _shown = part.partition("\n")
    if not line.startswith("$ qunce "):
        return part
    said = _output(shlex.split(line)[2:]).replace(f"{Path.cwd()}/", "")
    return f"{line}\n{said}"


def _output(words: list[str]) -> str:
    if words[0] == "restore":
        # It goes into another home, which needs a process of its own.
        command = [sys.executable, "-m", "qunce.cli", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        return done.stdout + done.stderr
    from qunce.cli import main as cli

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        cli.main(words)
    return said.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
