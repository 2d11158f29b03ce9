from __future__ import annotations

from django.urls import path

from qunce.console.member_pages import actions, views

app_name = "member_pages"
urlpatterns = [
    path("", views.settings, name="settings"),
    path("revoke/", actions.revoke_purpose, name="revoke"),
    path("erasures/<int:pk>/erase/", actions.carry_out, name="erase"),
    path("erasures/<int:pk>/decline/", actions.decline, name="decline"),
]
