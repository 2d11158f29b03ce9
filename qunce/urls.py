from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from qunce.console import health_checks, metrics

handler403 = "qunce.console.errors.forbidden"
handler404 = "qunce.console.errors.not_found"
handler500 = "qunce.console.errors.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health_checks.healthz),
    path("metrics", metrics.metrics),
    path("api/v1/", include("qunce.api.urls")),
    path("", include("qunce.console.urls")),
]
