"""`qunce rebuild`: all derived data, computed again from the primary database."""

from __future__ import annotations

import time

from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.options import Invocation
from qunce.cli.output import Out
from qunce.core.data_dir import DatabaseDamaged
from qunce.sets.mirror import rebuild as mirror_rebuild

REPORT_INTERVAL = 1.0
"""Seconds between two reports of progress."""


@base.command("rebuild")
@options.pass_invocation_of_repair
def rebuild(invocation: Invocation, damaged: DatabaseDamaged | None) -> None:
    if damaged is not None and damaged.alias == "default":
        raise damaged
    start = time.perf_counter()
    rebuilt = mirror_rebuild.rebuild_all(_Progress(invocation.out))
    seconds = time.perf_counter() - start
    rate = int(rebuilt.facts / seconds) if seconds else 0
    invocation.out.answer(
        {"facts": rebuilt.facts, "seconds": round(seconds, 2), "per_second": rate},
        _("%(n)s facts in %(seconds).1f s, %(rate)s per second.")
        % {"n": f"{rebuilt.facts:,}", "seconds": seconds, "rate": f"{rate:,}"},
    )


class _Progress:
    """Prints how many facts are done, once a second, for people only."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._reported_at = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._reported_at >= REPORT_INTERVAL and not self._out.as_json:
            self._reported_at = now
            self._out.note(f"{done:,} / {total:,}")
