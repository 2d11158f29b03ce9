"""Rebuild all derived data from the primary database"""

from __future__ import annotations

import argparse
import time

from django.utils.translation import gettext as _

from qunce.cli.output import Out
from qunce.sets.mirror import rebuild

PAUSE = 1.0
"""Seconds between two reports of how far it is."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace, out: Out) -> int:
    start = time.perf_counter()
    made = rebuild.rebuild_all(_Report(out))
    seconds = time.perf_counter() - start
    rate = int(made.facts / seconds) if seconds else 0
    out.answer(
        {"facts": made.facts, "seconds": round(seconds, 2), "per_second": rate},
        _("%(n)s facts in %(seconds).1f s, %(rate)s per second.")
        % {"n": f"{made.facts:,}", "seconds": seconds, "rate": f"{rate:,}"},
    )
    return 0


class _Report:
    def __init__(self, out: Out) -> None:
        self.out = out
        self.told = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self.told >= PAUSE and not self.out.as_json:
            self.told = now
            self.out.note(f"{done:,} / {total:,}")
