"""Segments: their list, the rule builder, overlaps."""

from __future__ import annotations

from django.urls import path

from qunce.console.segments import actions, list_views, overlap_views, views

app_name = "segments"
urlpatterns = [
    path("", list_views.page, name="list"),
    path("overlap/", overlap_views.page, name="overlap"),
    path("numbers/", views.numbers, name="numbers"),
    path("options/<slug:field>/", views.options, name="options"),
    path("lists/<int:pk>/", list_views.frozen, name="frozen"),
    path("new/", views.new, name="new"),
    path("new/rule/", views.edit_new, name="new-rule"),
    path("new/save/", actions.create, name="create"),
    path("<int:pk>/", views.page, name="page"),
    path("<int:pk>/chart/", views.chart, name="chart"),
    path("<int:pk>/rule/", views.edit, name="rule"),
    path("<int:pk>/save/", actions.change, name="save"),
    path("<int:pk>/lists/", actions.freeze, name="freeze"),
    path("<int:pk>/archive/", actions.archive, name="archive"),
    path("<int:pk>/restore/", actions.restore, name="restore"),
]
