"""The thread that derives in a serving process, and whether it is Qunce's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from qunce.cli import serving


@contextmanager
def thread() -> Iterator[None]:
    """The beat of `qunce serve`, without its port."""
    beat = serving.Beat()
    beat.start()
    try:
        yield
    finally:
        beat.stop()
