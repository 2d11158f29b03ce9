"""URLs of the sign-ups of a meet-up, and of its entrance."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from qunce.activities.meetups import seats
from qunce.console.activities import kind_pages
from qunce.console.activities.kind_pages import KindPage
from qunce.console.meetups import actions, views

app_name = "meetups"
kind_pages.register(
    KindPage(
        kind=seats.KIND,
        label=_("Sign-ups and check-in"),
        icon="user-group",
        url_name="meetups:sign-ups",
    )
)
urlpatterns = [
    path("<int:pk>/", views.sign_up_list, name="sign-ups"),
    path("<int:pk>/print/", views.printed_list, name="print"),
    path("<int:pk>/code/", views.venue_code, name="venue-code"),
    path("<int:pk>/file/<str:file_format>/", views.file, name="file"),
    path("<int:pk>/scan/", views.scan, name="scan"),
    path("<int:pk>/scan/<str:code>/", views.scanned, name="scanned"),
    path(
        "<int:pk>/sign-ups/<int:sign_up>/check-in/", actions.check_in, name="check-in"
    ),
    path("<int:pk>/sign-ups/<int:sign_up>/undo/", actions.undo, name="undo"),
    path("<int:pk>/sign-ups/<int:sign_up>/cancel/", actions.cancel, name="cancel"),
]
