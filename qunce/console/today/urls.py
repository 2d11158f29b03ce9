from __future__ import annotations

from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from qunce.console.today import views

app_name = "today"
urlpatterns: list[URLPattern] = [
    path("", views.queue, name="queue"),
    path("today/snooze/", require_POST(views.snooze), name="snooze"),
    path("today/open/", require_POST(views.open_item), name="open"),
    path("today/dismiss/", require_POST(views.dismiss), name="dismiss"),
    path("today/restore/", require_POST(views.restore), name="restore"),
    path("today/unsnooze/", require_POST(views.unsnooze), name="unsnooze"),
]
