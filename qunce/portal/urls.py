from __future__ import annotations

from django.urls import path

from qunce.portal import links

app_name = "portal"
urlpatterns = [path("<token>", links.open_link, name="link")]
