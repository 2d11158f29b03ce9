"""URLs of the board of wishes."""

from __future__ import annotations

from django.urls import path

from qunce.console.wishes import actions, views

app_name = "wishes"
urlpatterns = [
    path("", views.wish_list, name="list"),
    path("new/", views.wish_create, name="create"),
    path("<int:pk>/", views.wish_detail, name="detail"),
    path("<int:pk>/edit/", views.wish_update, name="update"),
    path("<int:pk>/state/", actions.change_state, name="change-state"),
    path("<int:pk>/voices/", actions.add_voice, name="add-voice"),
    path(
        "<int:pk>/voices/<int:voice>/remove/", actions.remove_voice, name="remove-voice"
    ),
    path("<int:pk>/merge/", actions.merge, name="merge"),
    path("<int:pk>/separate/", actions.separate, name="separate"),
    path("<int:pk>/answer/", actions.draft_answer, name="draft-answer"),
]
