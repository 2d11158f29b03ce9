"""The virtual environment of Synapse and matrix-nio, created with the standard library.

It is created once, in a cache folder, from requirements/synapse.txt. QUNCE_SYNAPSE names
one that exists already.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements" / "synapse.txt"


def python() -> Path:
    """The Python of the environment; creates it where it is missing."""
    given = os.environ.get("QUNCE_SYNAPSE")
    if given:
        return Path(given) / "bin" / "python"
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "qunce" / f"synapse-{digest}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        # The processes of a run all need it at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            _install(folder)
    return folder / "bin" / "python"


def _install(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    print(
        f"Installing Synapse for the tests into {folder}", file=sys.stderr, flush=True
    )
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    command = [*pip, "install", "--quiet", "--require-hashes", "-r", str(LOCK)]
    subprocess.run(command, check=True, stdout=sys.stderr)
    # Only now: pip can fail half way.
    (folder / "installed").touch()
