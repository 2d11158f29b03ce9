"""URLs of the bids of an auction."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from qunce.activities.auctions import wins
from qunce.console.activities import kind_pages
from qunce.console.activities.kind_pages import KindPage
from qunce.console.auctions import views

app_name = "auctions"
kind_pages.register(
    KindPage(
        kind=wins.KIND,
        label=_("Bids"),
        icon="scale",
        url_name="auctions:bids",
    )
)
urlpatterns = [
    path("<int:pk>/", views.bid_list, name="bids"),
    path("<int:pk>/bids/<int:bid>/void/", views.declare_void, name="declare-void"),
]
