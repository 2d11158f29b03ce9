"""URLs of care: rules, what comes, and the budget."""

from __future__ import annotations

from django.urls import path

from qunce.console.care import actions, views

app_name = "care"
urlpatterns = [
    path("", views.care_list, name="list"),
    path("new/", views.kind_list, name="kinds"),
    path("new/<slug:kind>/", views.create, name="create"),
    path("budget/", actions.set_budget, name="budget"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/edit/", views.update, name="update"),
    path("<int:pk>/start/", actions.start, name="start"),
    path("<int:pk>/stop/", actions.stop, name="stop"),
    path("<int:pk>/archive/", actions.archive, name="archive"),
    path("<int:pk>/restore/", actions.restore, name="restore"),
    path("occasions/<int:pk>/release/", actions.release, name="release"),
]
