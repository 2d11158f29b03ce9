"""The JavaScript that draws charts in the browser, bundled by vl-convert."""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from django.conf import settings

PRINT_BUNDLE = """
import sys, vl_convert
script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
sys.stdout.buffer.write(script.encode())
"""


def name() -> str:
    """The name of the script, with the version, so that browsers may cache it forever."""
    return f"vega-{version('vl-convert-python')}"


def load_gzipped() -> bytes:
    """The script, gzipped. It is built once (1.5 s) and stored in the data directory."""
    path = Path(settings.HOME) / "charts" / f"{name()}.js.gz"
    if not path.exists():
        # In a child process, because the threads that vl-convert starts would not
        # survive a later fork of the server.
        bundle = subprocess.run(  # noqa: S603 - arguments are our own
            [sys.executable, "-c", PRINT_BUNDLE], capture_output=True, check=True
        )
        path.parent.mkdir(exist_ok=True)
        # Renamed at the end, so that no other process reads half a file.
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(gzip.compress(bundle.stdout, mtime=0))
        Path(file.name).replace(path)
    return path.read_bytes()
