"""URLs of digests of a group's day, and of messages in their context."""

from __future__ import annotations

from django.urls import path

from qunce.console.digests import views

app_name = "digests"
urlpatterns = [
    path("", views.digest_list, name="list"),
    path("<int:group>/", views.digest_detail, name="detail"),
    path("<int:group>/messages/<int:message>/", views.message_detail, name="message"),
]
