"""The script that draws charts in a browser, as vl-convert carries it."""

from __future__ import annotations

import gzip
import tempfile
from importlib.metadata import version
from pathlib import Path

import vl_convert
from django.conf import settings


def name() -> str:
    """Changes with the library, so that a browser may keep the script for ever."""
    return f"vega-{version('vl-convert-python')}"


def packed() -> bytes:
    """The script, gzipped; made once (1.5 s) and kept in the home folder."""
    path = Path(settings.HOME) / "charts" / f"{name()}.js.gz"
    if not path.exists():
        script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
        path.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as made:
            made.write(gzip.compress(script.encode(), mtime=0))
        Path(made.name).replace(path)
    return path.read_bytes()
