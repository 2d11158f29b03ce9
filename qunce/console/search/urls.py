from __future__ import annotations

from django.urls import URLPattern, path

from qunce.console.search import results

app_name = "search"
urlpatterns: list[URLPattern] = [path("", results.results, name="results")]
