"""Layers: everyone in exactly one; thresholds, sizes and moves."""

from __future__ import annotations

from django.urls import path

from qunce.console.layers import actions, views

app_name = "layers"
urlpatterns = [
    path("", views.layering_list, name="list"),
    path("new/", views.layering_create, name="create"),
    path("new/edit/", views.edit_new, name="edit-new"),
    path("new/save/", actions.create, name="create-own"),
    path("new/tags/", actions.create_tags, name="create-tags"),
    path("new/<slug:key>/sizes/", views.ladder_sizes, name="ladder-sizes"),
    path("sizes/", views.layer_sizes, name="sizes"),
    path("<int:pk>/", views.layering_detail, name="detail"),
    path("<int:pk>/chart/", views.layering_chart, name="chart"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/save/", actions.update, name="update"),
    path("<int:pk>/runs/", actions.recompute, name="recompute"),
    path("<int:pk>/archive/", actions.archive, name="archive"),
    path("<int:pk>/restore/", actions.restore, name="restore"),
    path("<int:pk>/changes/", views.layer_changes, name="changes"),
]
