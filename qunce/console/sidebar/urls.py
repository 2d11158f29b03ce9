from __future__ import annotations

from django.urls import path

from qunce.console.sidebar import views

app_name = "sidebar"
urlpatterns = [
    path("", views.home, name="home"),
    path("account/", views.by_account, name="account"),
    path("members/<int:pk>/", views.member_page, name="member"),
    path("members/<int:pk>/note/", views.create_note, name="note-create"),
]
