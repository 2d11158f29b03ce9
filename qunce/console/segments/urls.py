"""Segments: their list, the rule builder, overlaps."""

from __future__ import annotations

from django.urls import path

from qunce.console.segments import builder, listing, overlaps, saving

app_name = "segments"
urlpatterns = [
    path("", listing.page, name="list"),
    path("overlap/", overlaps.page, name="overlap"),
    path("numbers/", builder.numbers, name="numbers"),
    path("options/<slug:field>/", builder.options, name="options"),
    path("lists/<int:pk>/", listing.frozen, name="frozen"),
    path("new/", builder.new, name="new"),
    path("new/rule/", builder.edit_new, name="new-rule"),
    path("new/save/", saving.create, name="create"),
    path("<int:pk>/", builder.page, name="page"),
    path("<int:pk>/chart/", builder.chart, name="chart"),
    path("<int:pk>/rule/", builder.edit, name="rule"),
    path("<int:pk>/save/", saving.change, name="save"),
    path("<int:pk>/lists/", saving.freeze, name="freeze"),
    path("<int:pk>/archive/", saving.archive, name="archive"),
    path("<int:pk>/restore/", saving.restore, name="restore"),
]
