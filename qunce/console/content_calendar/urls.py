"""URLs of the content calendar: week, month, export, moving an entry, and limits."""

from __future__ import annotations

from django.urls import path

from qunce.console.content_calendar import actions, views

app_name = "content_calendar"
urlpatterns = [
    path("", views.week, name="week"),
    path("month/", views.month, name="month"),
    path("export/", views.export, name="export"),
    path("limits/", views.update_limits, name="limits"),
    path("entries/<slug:key>/", actions.move, name="entry"),
    path("entries/<slug:key>/back/<int:micros>/", actions.move_back, name="back"),
]
