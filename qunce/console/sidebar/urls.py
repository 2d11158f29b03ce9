from __future__ import annotations

from django.urls import path

from qunce.console.sidebar import sign_in_views, views

app_name = "sidebar"
urlpatterns = [
    path("", views.home, name="home"),
    path("account/", views.by_account, name="account"),
    path("members/<int:pk>/", views.member_page, name="member"),
    path("members/<int:pk>/note/", views.create_note, name="note-create"),
    path("members/<int:pk>/sign-in/", sign_in_views.sign_in, name="sign-in"),
    path("members/<int:pk>/link/", sign_in_views.make_link, name="link-make"),
    path("members/<int:pk>/code/", sign_in_views.make_code, name="code-make"),
    path(
        "members/<int:pk>/code/confirm/",
        sign_in_views.confirm_code,
        name="code-confirm",
    ),
    path(
        "members/<int:pk>/links/<int:link>/revoke/",
        sign_in_views.revoke_link,
        name="link-revoke",
    ),
    path(
        "members/<int:pk>/links/revoke/",
        sign_in_views.revoke_all,
        name="link-revoke-all",
    ),
]
