from __future__ import annotations

from django.urls import path

from qunce.console.webhooks import deeds, views

app_name = "webhooks"
urlpatterns = [
    path("", views.listed, name="list"),
    path("new/", views.add, name="new"),
    path("<int:pk>/", views.one, name="one"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/pause/", deeds.pause, name="pause"),
    path("<int:pk>/resume/", deeds.resume, name="resume"),
    path("<int:pk>/secret/", deeds.renew_secret, name="secret"),
    path("<int:pk>/trial/", deeds.try_out, name="trial"),
    path("<int:pk>/remove/", deeds.remove, name="remove"),
    path("<int:pk>/deliveries/<int:delivery>/", views.delivery, name="delivery"),
    path("<int:pk>/deliveries/<int:delivery>/again/", deeds.again, name="again"),
]
