from __future__ import annotations

from django.urls import path

from qunce.console.group_templates import actions, group_views, new_group_views, views

app_name = "group_templates"
urlpatterns = [
    path("", views.template_list, name="list"),
    path("new/", views.template_create, name="create"),
    path("<int:pk>/", views.template_detail, name="detail"),
    path("<int:pk>/edit/", views.template_update, name="update"),
    path("<int:pk>/archive/", actions.archive, name="archive"),
    path("<int:pk>/restore/", actions.restore, name="restore"),
    path("<int:pk>/groups/", views.choose_groups, name="choose-groups"),
    path("<int:pk>/preview/", views.preview, name="preview"),
    path("<int:pk>/apply/", actions.apply, name="apply"),
    path("<int:pk>/new-groups/", new_group_views.new_groups, name="new-groups"),
    path("applied/<int:pk>/", views.application_detail, name="application"),
    path("applied/<int:pk>/undo/", actions.undo, name="undo"),
    path("group/<int:pk>/", group_views.group_setup, name="group"),
    path("group/<int:pk>/own/", group_views.pin, name="pin"),
    path("group/<int:pk>/unfollow/", group_views.unfollow, name="unfollow"),
    path("group/<int:pk>/playbook/", group_views.set_playbook, name="set-playbook"),
]
