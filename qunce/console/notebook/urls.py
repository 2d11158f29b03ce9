"""URLs of the notebook."""

from __future__ import annotations

from django.urls import path

from qunce.console.notebook import actions, views

app_name = "notebook"
urlpatterns = [
    path("", views.entry_list, name="list"),
    path("new/<slug:kind>/", views.entry_create, name="create"),
    path("<int:pk>/", views.entry_update, name="update"),
    path("<int:pk>/archive/", actions.archive, name="archive"),
    path("<int:pk>/restore/", actions.restore, name="restore"),
]
