"""Is this installation well? For machines that watch it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.http import JsonResponse
from django.views.decorators.http import require_safe

from qunce import schedule
from qunce.console import http
from qunce.core.jobs import job_queue
from qunce.sets.mirror import deriver

MAX_DELAY = timedelta(minutes=5)
"""Work and facts are done within a second; after this long nobody is at it."""


@dataclass(frozen=True)
class Health:
    """`lag` is facts not yet counted, `due` and `failed` are rows of work."""

    lag: int
    due: int
    failed: int
    problems: tuple[str, ...]


def measure(*, at: datetime) -> Health:
    waiting = job_queue.list_waiting(at=at)
    failed = job_queue.exhausted().count()
    lag = deriver.lag()
    oldest = deriver.waiting_since() if lag else None
    found = {
        "work is late": bool(waiting) and waiting[0].due_at < at - MAX_DELAY,
        "work has failed": failed > 0,
        "counting is late": oldest is not None and oldest < at - MAX_DELAY,
    }
    problems = tuple(said for said, holds in found.items() if holds)
    return Health(lag, len(waiting), failed, problems)


@require_safe
@http.public
def healthz(request: http.Request) -> JsonResponse:
    """200 while all is well, 503 with what is not; nothing of anybody in either."""
    try:
        found = measure(at=request.at)
    except DatabaseError:
        return JsonResponse({"ok": False, "problems": ["database"]}, status=503)
    last_run = schedule.last_run_at
    told = {
        "ok": not found.problems,
        "problems": found.problems,
        "lag": found.lag,
        "due": found.due,
        "failed": found.failed,
        "last_run_at": last_run.isoformat() if last_run else None,
    }
    return JsonResponse(told, status=503 if found.problems else 200)
