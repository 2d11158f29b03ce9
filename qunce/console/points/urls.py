"""URLs of points."""

from __future__ import annotations

from django.urls import path

from qunce.console.points import actions, member_views, views

app_name = "points"
urlpatterns = [
    path("", views.rule_list, name="list"),
    path("new/", views.rule_create, name="create"),
    path("<int:pk>/", views.rule_detail, name="detail"),
    path("<int:pk>/edit/", views.rule_update, name="update"),
    path("<int:pk>/start/", actions.start, name="start"),
    path("<int:pk>/stop/", actions.stop, name="stop"),
    path("<int:pk>/archive/", actions.archive, name="archive"),
    path("<int:pk>/past/", views.past_run, name="past-run"),
    path("leaderboard/", views.leaderboard, name="leaderboard"),
    path("liability/", views.liability_page, name="liability"),
    path("settings/", views.settings_page, name="settings"),
    path("approvals/", member_views.approvals, name="approvals"),
    path("approvals/<int:pk>/approve/", actions.approve, name="approve"),
    path("approvals/<int:pk>/decline/", actions.decline, name="decline"),
    path("members/<int:pk>/", member_views.member_points, name="member"),
    path("members/<int:pk>/leaderboard/", actions.opt_out, name="opt-out"),
    path("members/<int:pk>/leaderboard/join/", actions.opt_in, name="opt-in"),
]
