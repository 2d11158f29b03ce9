"""URLs of tag rules: rules, their dry runs and their history."""

from __future__ import annotations

from django.urls import path

from qunce.console.tag_rules import actions, run_views, views

app_name = "tag_rules"
urlpatterns = [
    path("", views.rule_list, name="list"),
    path("new/", views.kind_list, name="kinds"),
    path("new/<slug:kind>/", views.create, name="create"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/edit/", views.update, name="update"),
    path("<int:pk>/members/", run_views.member_list, name="member-list"),
    path("<int:pk>/dry-run/", run_views.dry_run, name="dry-run"),
    path("<int:pk>/activate/", actions.activate, name="activate"),
    path("<int:pk>/pause/", actions.pause, name="pause"),
    path("<int:pk>/archive/", actions.archive, name="archive"),
    path("<int:pk>/restore/", actions.restore, name="restore"),
    path("<int:pk>/move/", actions.move, name="move"),
    path("<int:pk>/run/", actions.run, name="run"),
    path("runs/<int:pk>/", run_views.run_detail, name="run-detail"),
    path("runs/<int:pk>/undo/", actions.undo, name="run-undo"),
]
