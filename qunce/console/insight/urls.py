from __future__ import annotations

from django.urls import path

from qunce.console.insight import chart_script, views

app_name = "insight"
urlpatterns = [
    path("", views.page, name="metrics"),
    path("charts/<slug:name>/", views.chart, name="chart"),
    path("scripts/<str:name>.js", chart_script.bundle, name="chart-script"),
]
