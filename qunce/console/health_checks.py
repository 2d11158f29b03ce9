"""The health check at `/healthz`, for monitoring."""

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
"""Jobs and facts are processed within a second, unless no worker is running."""


@dataclass(frozen=True)
class Health:
    """`lag` counts facts not yet derived; `due` and `failed` count queued jobs."""

    lag: int
    due: int
    failed: int
    problems: tuple[str, ...]


def measure(*, at: datetime) -> Health:
    waiting = job_queue.list_waiting(at=at)
    failed = job_queue.exhausted().count()
    lag = deriver.lag()
    oldest = deriver.waiting_since() if lag else None
    checks = {
        "work is late": bool(waiting) and waiting[0].due_at < at - MAX_DELAY,
        "work has failed": failed > 0,
        "counting is late": oldest is not None and oldest < at - MAX_DELAY,
    }
    problems = tuple(problem for problem, is_present in checks.items() if is_present)
    return Health(lag, len(waiting), failed, problems)


@require_safe
@http.public
def healthz(request: http.Request) -> JsonResponse:
    """Return 200 if all is well, else 503 with the problems, and no personal data."""
    try:
        state = measure(at=request.at)
    except DatabaseError:
        return JsonResponse({"ok": False, "problems": ["database"]}, status=503)
    last_run = schedule.last_run_at
    body = {
        "ok": not state.problems,
        "problems": state.problems,
        "lag": state.lag,
        "due": state.due,
        "failed": state.failed,
        "last_run_at": last_run.isoformat() if last_run else None,
    }
    return JsonResponse(body, status=503 if state.problems else 200)
