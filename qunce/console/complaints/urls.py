"""URLs of complaints."""

from __future__ import annotations

from django.urls import path

from qunce.console.complaints import actions, views

app_name = "complaints"
urlpatterns = [
    path("", views.case_list, name="list"),
    path("new/", views.complaint_create, name="create"),
    path("settings/", views.settings, name="settings"),
    path("<int:pk>/", views.complaint_detail, name="detail"),
    path("<int:pk>/edit/", views.complaint_update, name="update"),
    path("<int:pk>/start/", actions.start, name="start"),
    path("<int:pk>/answer/", actions.answer, name="answer"),
    path("<int:pk>/close/", actions.close, name="close"),
    path("<int:pk>/reopen/", actions.reopen, name="reopen"),
    path("<int:pk>/assign/", actions.assign, name="assign"),
    path("<int:pk>/messages/", actions.attach, name="attach"),
    path("<int:pk>/rating/", actions.rate, name="rate"),
    path("<int:pk>/notes/", actions.add_note, name="add-note"),
]
