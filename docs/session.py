"""Runs the commands of the guide: `python -m docs.session en [--write]`.

The pages of one language are one session in an empty home. A block such as
```` ```csv members.csv ```` creates the file. A `console` block has commands after `$ `
with their output below. --write replaces the output on the pages by the real one.
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
VARYING = re.compile(
    r"\d[\d,.]*(?= (ms|s|MB|秒|per second|a second))|(?<=每秒 )[\d,]+"
    r"|(?<=(took|gest)_ms\": )[\d.]+|(?<=seconds\": )[\d.]+"
    r"|\d[\d,]*(?= (facts|rows as of|条事实|行，截至))|^(facts|事实)  +\d+$"
    r"|\d{8}-\d{6}|\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d.+:Z]*|\b[0-9a-f]{32,}\b",
    re.MULTILINE,
)
"""What differs from run to run or grows with the code: durations, sizes, facts."""


def main(words: list[str]) -> int:
    language, write = words[0], "--write" in words
    pages = [path.absolute() for path in sorted((GUIDE / language).glob("[0-9]*.md"))]
    with tempfile.TemporaryDirectory(prefix="qunce-guide-") as folder:
        _enter(Path(folder), language)
        differences = [line for page in pages for line in _run(page, write=write)]
    print("\n".join(differences))
    return 1 if differences and not write else 0


def _enter(folder: Path, language: str) -> None:
    os.chdir(folder)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "qunce.settings",
        "QUNCE_HOME": str(folder / "home"),
        "QUNCE_LANG": language[:2],
    }
    os.environ.pop("DATABASE_URL", None)
    sys.stdin = io.StringIO()  # there is nobody to answer questions


def _run(page: Path, *, write: bool) -> Iterator[str]:
    """Run the commands of a page and yield how their output differs from it."""
    old = page.read_text(encoding="utf-8")
    new = BLOCK.sub(_run_block, old)
    if mask_varying(new) == mask_varying(old):
        return
    if write:
        page.write_text(new, encoding="utf-8")
    lines = (mask_varying(old).splitlines(), mask_varying(new).splitlines())
    yield from difflib.unified_diff(*lines, page.name, "real output", lineterm="", n=1)


def mask_varying(text: str) -> str:
    return VARYING.sub("#", text)


def _run_block(block: re.Match[str]) -> str:
    kind, name, body = block.groups()
    if kind == "console":
        parts = re.split(r"^(?=\$ )", body, flags=re.MULTILINE)
        return f"```console\n{''.join(map(_run_command, parts))}```"
    if name:
        Path(name).write_text(body, encoding="utf-8")
    return block[0]


def _run_command(part: str) -> str:
    line = part.partition("\n")[0]
    if not line.startswith("$ qunce "):
        return part
    output = _output(shlex.split(line)[2:]).replace(f"{Path.cwd()}/", "")
    return f"{line}\n{output}"


def _output(words: list[str]) -> str:
    if words[0] == "restore":
        # It restores into another home, which needs a process of its own.
        command = [sys.executable, "-m", "qunce.cli", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        return done.stderr + done.stdout
    from qunce.cli import main as command_line

    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        command_line.main(words)
    return output.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
