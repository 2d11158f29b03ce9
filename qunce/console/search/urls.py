from __future__ import annotations

from django.urls import URLPattern, path

from qunce.console.search import views

app_name = "search"
urlpatterns: list[URLPattern] = [path("", views.results, name="results")]
