from __future__ import annotations

from django.urls import path

from qunce.console.insight import numbers, scripts

app_name = "insight"
urlpatterns = [
    path("", numbers.page, name="numbers"),
    path("charts/<slug:name>/", numbers.chart, name="chart"),
    path("scripts/<str:name>.js", scripts.bundle, name="bundle"),
]
