from __future__ import annotations

from django.urls import path

from qunce.console.webhooks import actions, views

app_name = "webhooks"
urlpatterns = [
    path("", views.listed, name="list"),
    path("new/", views.add, name="new"),
    path("<int:pk>/", views.one, name="one"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/pause/", actions.pause, name="pause"),
    path("<int:pk>/resume/", actions.resume, name="resume"),
    path("<int:pk>/secret/", actions.renew_secret, name="secret"),
    path("<int:pk>/trial/", actions.try_out, name="trial"),
    path("<int:pk>/remove/", actions.remove, name="remove"),
    path("<int:pk>/deliveries/<int:delivery>/", views.delivery, name="delivery"),
    path("<int:pk>/deliveries/<int:delivery>/again/", actions.again, name="again"),
]
