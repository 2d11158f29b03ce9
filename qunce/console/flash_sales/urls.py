"""URLs of the reservations of a flash sale."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from qunce.activities.flash_sales import pieces
from qunce.console.activities import kind_pages
from qunce.console.activities.kind_pages import KindPage
from qunce.console.flash_sales import views

app_name = "flash_sales"
kind_pages.register(
    KindPage(
        kind=pieces.KIND,
        label=_("Reservations and waitlist"),
        icon="bolt",
        url_name="flash_sales:reservations",
    )
)
urlpatterns = [
    path("<int:pk>/", views.reservation_list, name="reservations"),
    path("<int:pk>/reserved/<int:reservation>/confirm/", views.confirm, name="confirm"),
    path(
        "<int:pk>/reserved/<int:reservation>/void/",
        views.declare_void,
        name="declare-void",
    ),
]
