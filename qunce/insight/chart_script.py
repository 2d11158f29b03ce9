"""The script that draws charts in a browser, as vl-convert carries it."""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from django.conf import settings

MAKE = """
import sys, vl_convert
script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
sys.stdout.buffer.write(script.encode())
"""
"""In a process of its own: what it starts would not outlive a server's fork."""


def name() -> str:
    """Changes with the library, so that a browser may keep the script for ever."""
    return f"vega-{version('vl-convert-python')}"


def packed() -> bytes:
    """The script, gzipped; made once (1.5 s) and kept in the home folder."""
    path = Path(settings.HOME) / "charts" / f"{name()}.js.gz"
    if not path.exists():
        made = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", MAKE], capture_output=True, check=True
        )
        path.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(gzip.compress(made.stdout, mtime=0))
        Path(file.name).replace(path)
    return path.read_bytes()
