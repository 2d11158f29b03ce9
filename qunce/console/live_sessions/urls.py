"""URLs of a live session: its run and results, and what staff enter."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from qunce.activities.live_sessions import sessions
from qunce.console.activities import kind_pages
from qunce.console.activities.kind_pages import KindPage
from qunce.console.live_sessions import actions, views

app_name = "live_sessions"
kind_pages.register(
    KindPage(
        kind=sessions.KIND,
        label=_("Reservations and attendance"),
        icon="user-group",
        url_name="live_sessions:detail",
    )
)
urlpatterns = [
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/names/", actions.record_names, name="names"),
    path("<int:pk>/number/", actions.type_number, name="number"),
    path("<int:pk>/replay/", actions.set_replay, name="replay"),
    path(
        "<int:pk>/reservations/<int:reservation>/cancel/",
        actions.cancel,
        name="cancel",
    ),
    path(
        "<int:pk>/attendances/<int:attendance>/undo/",
        actions.undo,
        name="undo",
    ),
]
