"""URLs of playbooks: list, editor, switching on, runs, rehearsals, messages to post."""

from __future__ import annotations

from django.urls import path

from qunce.console.playbooks import (
    actions,
    edit_views,
    graph_views,
    notice_views,
    post_views,
    views,
)

app_name = "playbooks"
urlpatterns = [
    path("", views.playbook_list, name="list"),
    path("new/", views.create, name="create"),
    path("posts/", post_views.post_list, name="post-list"),
    path("posts/<int:pk>/sent/", post_views.mark_sent, name="post-sent"),
    path("posts/<int:pk>/failed/", post_views.mark_failed, name="post-failed"),
    path("notices/", notice_views.notice_list, name="notice-list"),
    path("notices/<int:pk>/done/", notice_views.mark_done, name="notice-done"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/edit/", edit_views.edit, name="edit"),
    path("<int:pk>/graph/", graph_views.show, name="graph"),
    path(
        "<int:pk>/steps/<slug:step>/connect/", graph_views.connect, name="step-connect"
    ),
    path("<int:pk>/settings/", edit_views.settings, name="settings"),
    path("<int:pk>/steps/new/", edit_views.step_new, name="step-new"),
    path("<int:pk>/steps/<slug:step>/", edit_views.step_edit, name="step"),
    path("<int:pk>/steps/<slug:step>/move/", edit_views.step_move, name="step-move"),
    path(
        "<int:pk>/steps/<slug:step>/delete/",
        edit_views.step_delete,
        name="step-delete",
    ),
    path("<int:pk>/start/", actions.start, name="start"),
    path("<int:pk>/publish/", actions.publish, name="publish"),
    path("<int:pk>/pause/", actions.pause, name="pause"),
    path("<int:pk>/resume/", actions.resume, name="resume"),
    path("<int:pk>/stop/", actions.stop, name="stop"),
    path("<int:pk>/stale/", actions.settle_stale, name="stale"),
    path("<int:pk>/copy/", actions.duplicate, name="copy"),
    path("<int:pk>/delete/", actions.delete, name="delete"),
    path("<int:pk>/rehearsal/", views.rehearse, name="rehearsal"),
    path("<int:pk>/runs/", views.run_list, name="run-list"),
    path("<int:pk>/why/", views.why, name="why"),
    path("runs/<int:run>/", views.run_detail, name="run"),
]
