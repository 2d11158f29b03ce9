"""Today: a queue that empties."""

from __future__ import annotations

from django.http import HttpResponse

from qunce.console import entry
from qunce.console.entry import Request


@entry.page()
def show(request: Request) -> HttpResponse:
    return entry.render(request, "console/today/queue.html")
