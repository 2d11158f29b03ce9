from __future__ import annotations

from django.urls import path

from qunce.console.insight import chart_script, views

app_name = "insight"
urlpatterns = [
    path("", views.metric_list, name="metrics"),
    path("charts/<slug:name>/", views.metric_chart, name="chart"),
    path("scripts/<str:name>.js", chart_script.serve, name="chart-script"),
]
