from __future__ import annotations

from django.urls import URLPattern, path

from qunce.console import health

urlpatterns: list[URLPattern] = [path("healthz", health.healthz)]
