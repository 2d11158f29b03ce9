from __future__ import annotations

from django.urls import URLPattern, path

from qunce.console.today import queue

app_name = "today"
urlpatterns: list[URLPattern] = [path("", queue.show, name="queue")]
