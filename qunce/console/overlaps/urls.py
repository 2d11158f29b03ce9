from __future__ import annotations

from django.urls import path

from qunce.console.overlaps import actions, views

app_name = "overlaps"
urlpatterns = [
    path("", views.set_list, name="list"),
    path("new/", views.set_create, name="create"),
    path("exposed/", views.exposed, name="exposed"),
    path("<int:pk>/", views.board, name="board"),
    path("<int:pk>/edit/", views.set_update, name="update"),
    path("<int:pk>/likely/", views.likely, name="likely"),
    path("<int:pk>/archive/", actions.archive, name="archive"),
    path("<int:pk>/clean-up/", views.preview, name="preview"),
    path("<int:pk>/clean-up/start/", actions.start, name="start"),
    path("runs/<int:pk>/", views.run, name="run"),
    path("runs/<int:pk>/approve/", actions.approve, name="approve"),
    path("runs/<int:pk>/refuse/", actions.refuse, name="refuse"),
    path("runs/<int:pk>/undo/", actions.undo, name="undo"),
]
