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
    path("", list_views.listed, name="campaign-list"),
    path("new/", edit_views.new, name="campaign-create"),
    path("preview/", edit_views.preview, name="campaign-preview"),
    path("<int:pk>/", views.campaign, name="campaign-detail"),
    path("<int:pk>/edit/", edit_views.edit, name="campaign-update"),
    path("<int:pk>/review/", review_views.review, name="campaign-review"),
    path("<int:pk>/start/", actions.start, name="campaign-start"),
    path("<int:pk>/schedule/", actions.schedule, name="campaign-schedule"),
    path("<int:pk>/unschedule/", actions.unschedule, name="campaign-unschedule"),
    path("<int:pk>/pause/", actions.pause, name="campaign-pause"),
    path("<int:pk>/resume/", actions.resume, name="campaign-resume"),
    path("<int:pk>/cancel/", actions.cancel, name="campaign-cancel"),
    path("<int:pk>/copy/", actions.copy, name="campaign-copy"),
    path("<int:pk>/recipients/", recipient_views.listed, name="recipient-list"),
    path("<int:pk>/recipients.csv", recipient_views.export, name="recipient-export"),
    path("tasks/", task_list_views.tasks, name="task-list"),
    path("tasks/<int:pk>/", task_views.task, name="task-detail"),
    path("tasks/<int:pk>/next/", task_views.open_next, name="task-open-next"),
    path("tasks/<int:pk>/hand-over/", task_list_views.hand_over, name="task-hand-over"),
    path(
        "tasks/<int:pk>/<int:target>/mark-sent/",
        task_views.mark,
        name="recipient-mark-sent",
    ),
    path(
        "tasks/<int:pk>/<int:target>/failure/", task_views.cannot, name="recipient-fail"
    ),
    path("tasks/<int:pk>/<int:target>/undo/", task_views.undo, name="recipient-undo"),
    path("opt-outs/", opt_out_views.listed, name="opt-out-list"),
    path("opt-outs/add/", opt_out_views.add, name="opt-out-add"),
    path("opt-outs/<int:account>/undo/", opt_out_views.take_back, name="opt-out-undo"),
]
