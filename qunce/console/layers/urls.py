"""Layers: everyone in exactly one; thresholds, sizes and moves."""

from __future__ import annotations

from django.urls import path

from qunce.console.layers import moves_views, views

app_name = "layers"
urlpatterns = [
    path("", views.listed, name="list"),
    path("new/", views.new, name="create"),
    path("<int:pk>/", views.page, name="detail"),
    path("<int:pk>/chart/", views.chart, name="chart"),
    path("<int:pk>/sizes/", views.sizes, name="sizes"),
    path("<int:pk>/save/", views.save, name="update"),
    path("<int:pk>/runs/", views.recompute, name="recompute"),
    path("<int:pk>/archive/", views.archive, name="archive"),
    path("<int:pk>/restore/", views.restore, name="restore"),
    path("<int:pk>/changes/", moves_views.people, name="changes"),
]
