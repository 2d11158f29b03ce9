from __future__ import annotations

from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from qunce.console.today import queue

app_name = "today"
urlpatterns: list[URLPattern] = [
    path("", queue.show, name="queue"),
    path("today/snooze", require_POST(queue.snooze), name="snooze"),
    path("today/wake", require_POST(queue.wake), name="wake"),
]
