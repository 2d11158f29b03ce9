"""Addresses of outreach: campaigns and the tasks that come of them."""

from __future__ import annotations

from django.urls import path

from qunce.console.outreach import (
    actions,
    desk,
    editing,
    listing,
    optouts,
    receivers,
    review,
    showing,
    tasklist,
)

app_name = "outreach"
urlpatterns = [
    path("", listing.listed, name="campaigns"),
    path("new/", editing.new, name="new"),
    path("preview/", editing.preview, name="preview"),
    path("<int:pk>/", showing.campaign, name="campaign"),
    path("<int:pk>/edit/", editing.edit, name="edit"),
    path("<int:pk>/review/", review.review, name="review"),
    path("<int:pk>/start/", actions.start, name="start"),
    path("<int:pk>/schedule/", actions.schedule, name="schedule"),
    path("<int:pk>/unschedule/", actions.unschedule, name="unschedule"),
    path("<int:pk>/pause/", actions.pause, name="pause"),
    path("<int:pk>/resume/", actions.resume, name="resume"),
    path("<int:pk>/cancel/", actions.cancel, name="cancel"),
    path("<int:pk>/copy/", actions.copy, name="copy"),
    path("<int:pk>/receivers/", receivers.listed, name="receivers"),
    path("<int:pk>/receivers.csv", receivers.export, name="export"),
    path("tasks/", tasklist.tasks, name="tasks"),
    path("tasks/<int:pk>/", desk.task, name="task"),
    path("tasks/<int:pk>/next/", desk.open_next, name="open-next"),
    path("tasks/<int:pk>/hand-over/", tasklist.hand_over, name="hand-over"),
    path("tasks/<int:pk>/<int:target>/mark/", desk.mark, name="mark"),
    path("tasks/<int:pk>/<int:target>/cannot/", desk.cannot, name="cannot"),
    path("tasks/<int:pk>/<int:target>/undo/", desk.undo, name="undo"),
    path("opt-outs/", optouts.listed, name="opt-outs"),
    path("opt-outs/add/", optouts.add, name="opt-out"),
    path("opt-outs/<int:account>/take-back/", optouts.take_back, name="opt-in"),
]
