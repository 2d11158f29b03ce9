"""Writes requirements/*.txt: versions and hashes, and no address of any index.

python tools/lock.py [--upgrade | --upgrade-package NAME]
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "requirements"
LEFT_OUT = ("index url", "find links", "trusted host")
"""What tells where packages come from; a lock says only which ones."""
OPTIONS = [
    *"--quiet --generate-hashes --allow-unsafe --strip-extras --no-header".split(),
    *(f"--no-emit-{what.replace(' ', '-')}" for what in LEFT_OUT),
]
AN_ADDRESS = re.compile(r"://|^-(-index|-extra-index|-find-links|i |f )", re.MULTILINE)


def lock(name: str, arguments: list[str]) -> None:
    compiler = [sys.executable, "-m", "piptools", "compile", *OPTIONS, *arguments]
    command = [*compiler, f"--output-file={name}.txt", f"{name}.in"]
    subprocess.run(command, check=True, cwd=FOLDER)
    path = FOLDER / f"{name}.txt"
    if name == "demo":
        path.write_text(_without_dependencies(path))
    if AN_ADDRESS.search(path.read_text()):
        sys.exit(f"{path} names an address")


def _without_dependencies(path: Path) -> str:
    wanted = {
        line.strip()
        for line in path.with_suffix(".in").read_text().splitlines()
        if line.strip() and not line.startswith("#")
    }
    pins = re.split(r"^(?=[a-z0-9])", path.read_text(), flags=re.MULTILINE)
    return "".join(pin for pin in pins if pin.split("==")[0] in wanted)


if __name__ == "__main__":
    for each in ("runtime", "dev", "demo", "oracles", "synapse"):
        lock(each, sys.argv[1:])
