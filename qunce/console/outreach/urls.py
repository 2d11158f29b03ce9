"""Addresses of outreach: campaigns and the tasks that come of them."""

from __future__ import annotations

from django.urls import path

from qunce.console.outreach import (
    actions,
    edit_views,
    list_views,
    opt_out_views,
    recipient_views,
    review_views,
    task_list_views,
    task_views,
    views,
)

app_name = "outreach"
urlpatterns = [
    path("", list_views.listed, name="campaigns"),
    path("new/", edit_views.new, name="new"),
    path("preview/", edit_views.preview, name="preview"),
    path("<int:pk>/", views.campaign, name="campaign"),
    path("<int:pk>/edit/", edit_views.edit, name="edit"),
    path("<int:pk>/review/", review_views.review, name="review"),
    path("<int:pk>/start/", actions.start, name="start"),
    path("<int:pk>/schedule/", actions.schedule, name="schedule"),
    path("<int:pk>/unschedule/", actions.unschedule, name="unschedule"),
    path("<int:pk>/pause/", actions.pause, name="pause"),
    path("<int:pk>/resume/", actions.resume, name="resume"),
    path("<int:pk>/cancel/", actions.cancel, name="cancel"),
    path("<int:pk>/copy/", actions.copy, name="copy"),
    path("<int:pk>/receivers/", recipient_views.listed, name="receivers"),
    path("<int:pk>/receivers.csv", recipient_views.export, name="export"),
    path("tasks/", task_list_views.tasks, name="tasks"),
    path("tasks/<int:pk>/", task_views.task, name="task"),
    path("tasks/<int:pk>/next/", task_views.open_next, name="open-next"),
    path("tasks/<int:pk>/hand-over/", task_list_views.hand_over, name="hand-over"),
    path("tasks/<int:pk>/<int:target>/mark/", task_views.mark, name="mark"),
    path("tasks/<int:pk>/<int:target>/cannot/", task_views.cannot, name="cannot"),
    path("tasks/<int:pk>/<int:target>/undo/", task_views.undo, name="undo"),
    path("opt-outs/", opt_out_views.listed, name="opt-outs"),
    path("opt-outs/add/", opt_out_views.add, name="opt-out"),
    path("opt-outs/<int:account>/take-back/", opt_out_views.take_back, name="opt-in"),
]
