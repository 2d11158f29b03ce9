from __future__ import annotations

from django.urls import path

from qunce.console.lists import actions, candidate_views, views

app_name = "lists"
urlpatterns = [
    path("", views.entry_list, name="list"),
    path("new/", views.entry_create, name="create"),
    path("candidates/", candidate_views.candidates_page, name="candidates"),
    path("<int:pk>/", views.entry_detail, name="detail"),
    path("<int:pk>/remove/", actions.remove, name="remove"),
]
