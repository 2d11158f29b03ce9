from __future__ import annotations

from django.urls import path

from qunce.console.groups import edit_views, list_views, membership_actions, views

app_name = "groups"
urlpatterns = [
    path("", list_views.listed, name="list"),
    path("new/", edit_views.new, name="create"),
    path("<int:pk>/", views.page, name="detail"),
    path("<int:pk>/charts/<slug:name>/", views.chart, name="chart"),
    path("<int:pk>/edit/", edit_views.edit, name="update"),
    path("<int:pk>/stage/<slug:step>/", edit_views.move, name="change-stage"),
    path("<int:pk>/members/", membership_actions.join, name="member-add"),
    path(
        "<int:pk>/members/since/<int:moment>/undo/",
        membership_actions.undo,
        name="member-undo",
    ),
    path(
        "<int:pk>/members/<int:account>/role/",
        membership_actions.role,
        name="member-role",
    ),
    path(
        "<int:pk>/members/<int:account>/remove/",
        membership_actions.leave,
        name="member-remove",
    ),
    path(
        "<int:pk>/members/<int:account>/re-add/",
        membership_actions.back,
        name="member-re-add",
    ),
]
