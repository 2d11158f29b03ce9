"""Is this installation well? For machines that watch it."""

from __future__ import annotations

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from qunce import duties
from qunce.sets import tail


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the database answers; `lag` is the number of facts not yet counted."""
    try:
        lag = tail.lag()
    except DatabaseError:
        return JsonResponse({"ok": False, "error": "database"}, status=503)
    beaten = duties.beaten_at
    return JsonResponse(
        {"ok": True, "lag": lag, "beaten_at": beaten.isoformat() if beaten else None}
    )
