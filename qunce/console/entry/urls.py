from __future__ import annotations

from django.urls import path

from qunce.console.entry import actions, views

app_name = "entry"
urlpatterns = [
    path("", views.request_list, name="list"),
    path("gates/<int:pk>/", views.gate, name="gate"),
    path("gates/<int:pk>/switch/", actions.switch, name="switch"),
    path("gates/<int:pk>/rules/", actions.publish, name="publish"),
    path("gates/<int:pk>/rules/accept/", actions.accept, name="accept"),
    path("gates/<int:pk>/open/", actions.open_request, name="open"),
    path("<int:pk>/", views.request_detail, name="detail"),
    path("<int:pk>/answer/", actions.answer, name="answer"),
    path("<int:pk>/let-in/", actions.let_in, name="let-in"),
    path("<int:pk>/refuse/", actions.refuse, name="refuse"),
    path("<int:pk>/done/", actions.mark_done, name="done"),
]
