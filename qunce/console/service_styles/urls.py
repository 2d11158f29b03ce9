from __future__ import annotations

from django.urls import path

from qunce.console.service_styles import actions, views

app_name = "service_styles"
urlpatterns = [
    path("", views.style_list, name="list"),
    path("usual/", actions.create_usual, name="usual"),
    path("new/", views.style_create, name="create"),
    path("<int:pk>/edit/", views.style_update, name="update"),
    path("<int:pk>/delete/", actions.delete, name="delete"),
]
