"""URLs of segments: their list, the rule builder, frozen segments, overlaps."""

from __future__ import annotations

from django.urls import path

from qunce.console.segments import actions, views

app_name = "segments"
urlpatterns = [
    path("", views.list_page, name="list"),
    path("overlap/", views.overlap, name="overlap"),
    path("counts/", views.counts, name="counts"),
    path("sentence/", views.sentence, name="sentence"),
    path("options/<slug:field>/", views.options, name="options"),
    path("frozen/<int:pk>/", views.frozen_detail, name="frozen-detail"),
    path("new/", views.new, name="new"),
    path("new/rule/", views.edit_new_rule, name="new-rule"),
    path("new/save/", actions.create, name="create"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/chart/", views.chart, name="chart"),
    path("<int:pk>/rule/", views.edit_rule, name="rule"),
    path("<int:pk>/save/", actions.update, name="update"),
    path("<int:pk>/frozen/", actions.freeze, name="freeze"),
    path("<int:pk>/archive/", actions.archive, name="archive"),
    path("<int:pk>/restore/", actions.restore, name="restore"),
    path("<int:pk>/watch/", actions.watch, name="watch"),
    path("<int:pk>/unwatch/", actions.unwatch, name="unwatch"),
]
