from __future__ import annotations

from django.urls import path

from qunce.console.patrol import actions, views

app_name = "patrol"
urlpatterns = [
    path("", views.round_list, name="list"),
    path("next/", views.next_group, name="next"),
    path("<int:pk>/", views.group, name="group"),
    path("<int:pk>/seen/", actions.mark_seen, name="seen"),
    path("<int:pk>/unseen/", actions.unmark, name="unseen"),
    path("<int:pk>/members/<int:account>/remove/", actions.remove, name="remove"),
]
