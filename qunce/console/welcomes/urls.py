from __future__ import annotations

from django.urls import path

from qunce.console.welcomes import actions, views

app_name = "welcomes"
urlpatterns = [
    path("", views.welcome_list, name="list"),
    path("new/", views.welcome_create, name="create"),
    path("preview/", views.preview, name="preview"),
    path("time-limits/", views.time_limits_update, name="time-limits"),
    path("<int:pk>/", views.welcome_detail, name="detail"),
    path("<int:pk>/edit/", views.welcome_update, name="update"),
    path("<int:pk>/move/", actions.move, name="move"),
    path("<int:pk>/on/", actions.switch_on, name="on"),
    path("<int:pk>/off/", actions.switch_off, name="off"),
    path("<int:pk>/archive/", actions.archive, name="archive"),
]
