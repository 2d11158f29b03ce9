from __future__ import annotations

from django.urls import path

from qunce.console.groups import actions, role_views, staff_views, views

app_name = "groups"
urlpatterns = [
    path("", views.group_list, name="list"),
    path("new/", views.group_create, name="create"),
    path("roles/", role_views.role_list, name="role-list"),
    path("staff-accounts/", staff_views.staff_list, name="staff-list"),
    path("staff-accounts/mark/", staff_views.mark_all, name="staff-mark-all"),
    path("staff-accounts/<int:account>/mark/", staff_views.mark, name="staff-mark"),
    path(
        "staff-accounts/<int:account>/unmark/", staff_views.unmark, name="staff-unmark"
    ),
    path("<int:pk>/", views.group_detail, name="detail"),
    path("<int:pk>/charts/<slug:name>/", views.group_chart, name="chart"),
    path("<int:pk>/edit/", views.group_update, name="update"),
    path("<int:pk>/card/<slug:field>/", actions.update_field, name="update-field"),
    path("<int:pk>/stage/<slug:step>/", actions.change_stage, name="change-stage"),
    path("<int:pk>/members/", actions.add_members, name="member-add"),
    path(
        "<int:pk>/members/since/<int:moment>/undo/",
        actions.undo_add,
        name="member-undo",
    ),
    path(
        "<int:pk>/members/<int:account>/role/",
        actions.change_role,
        name="member-role",
    ),
    path(
        "<int:pk>/members/<int:account>/remove/",
        actions.remove_member,
        name="member-remove",
    ),
    path(
        "<int:pk>/members/<int:account>/re-add/",
        actions.re_add_member,
        name="member-re-add",
    ),
]
