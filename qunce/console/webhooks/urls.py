from __future__ import annotations

from django.urls import path

from qunce.console.webhooks import actions, views

app_name = "webhooks"
urlpatterns = [
    path("", views.webhook_list, name="list"),
    path("new/", views.webhook_create, name="create"),
    path("<int:pk>/", views.webhook_detail, name="detail"),
    path("<int:pk>/edit/", views.webhook_update, name="update"),
    path("<int:pk>/pause/", actions.pause, name="pause"),
    path("<int:pk>/resume/", actions.resume, name="resume"),
    path("<int:pk>/secret/", actions.renew_secret, name="renew-secret"),
    path("<int:pk>/test/", actions.send_test, name="test"),
    path("<int:pk>/delete/", actions.delete, name="delete"),
    path(
        "<int:pk>/deliveries/<int:delivery>/",
        views.delivery_detail,
        name="delivery-detail",
    ),
    path(
        "<int:pk>/deliveries/<int:delivery>/retry/",
        actions.retry_delivery,
        name="delivery-retry",
    ),
]
