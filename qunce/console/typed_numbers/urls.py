"""URLs of typed numbers: the grid of an evening, its check while typing, the history."""

from __future__ import annotations

from django.urls import path

from qunce.console.typed_numbers import actions, views

app_name = "typed_numbers"
urlpatterns = [
    path("", views.grid, name="grid"),
    path("check/", views.check, name="check"),
    path("reminder/", actions.set_reminder, name="reminder"),
    path("groups/<int:pk>/", views.history, name="history"),
]
