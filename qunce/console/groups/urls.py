from __future__ import annotations

from django.urls import path

from qunce.console.groups import edit_views, list_views, membership_actions, views

app_name = "groups"
urlpatterns = [
    path("", list_views.listed, name="list"),
    path("new/", edit_views.new, name="new"),
    path("<int:pk>/", views.page, name="page"),
    path("<int:pk>/charts/<slug:name>/", views.chart, name="chart"),
    path("<int:pk>/edit/", edit_views.edit, name="edit"),
    path("<int:pk>/stage/<slug:step>/", edit_views.move, name="move"),
    path("<int:pk>/people/", membership_actions.join, name="join"),
    path(
        "<int:pk>/people/since/<int:moment>/undo/", membership_actions.undo, name="undo"
    ),
    path("<int:pk>/people/<int:account>/role/", membership_actions.role, name="role"),
    path(
        "<int:pk>/people/<int:account>/leave/", membership_actions.leave, name="leave"
    ),
    path("<int:pk>/people/<int:account>/back/", membership_actions.back, name="back"),
]
