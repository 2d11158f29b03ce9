from __future__ import annotations

from django.urls import path

from qunce.console.webhooks import actions, views

app_name = "webhooks"
urlpatterns = [
    path("", views.listed, name="list"),
    path("new/", views.add, name="create"),
    path("<int:pk>/", views.one, name="detail"),
    path("<int:pk>/edit/", views.edit, name="update"),
    path("<int:pk>/pause/", actions.pause, name="pause"),
    path("<int:pk>/resume/", actions.resume, name="resume"),
    path("<int:pk>/secret/", actions.renew_secret, name="renew-secret"),
    path("<int:pk>/test/", actions.try_out, name="test"),
    path("<int:pk>/delete/", actions.remove, name="delete"),
    path("<int:pk>/deliveries/<int:delivery>/", views.delivery, name="delivery-detail"),
    path(
        "<int:pk>/deliveries/<int:delivery>/retry/",
        actions.again,
        name="delivery-retry",
    ),
]
