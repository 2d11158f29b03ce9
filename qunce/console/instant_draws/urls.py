"""URLs of instant draws and red packets."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from qunce.activities.kinds import instant_draw, red_packet
from qunce.console.activities import kind_pages
from qunce.console.activities.kind_pages import KindPage
from qunce.console.instant_draws import views

app_name = "instant_draws"
kind_pages.register(
    KindPage(
        kind=instant_draw.KEY,
        label=_("Prizes and tickets"),
        icon="gift",
        url_name="instant_draws:detail",
    )
)
kind_pages.register(
    KindPage(
        kind=red_packet.KEY,
        label=_("Packets and shares"),
        icon="gift",
        url_name="instant_draws:packets",
    )
)
urlpatterns = [
    path("<int:pk>/", views.draw_detail, name="detail"),
    path("<int:pk>/packets/", views.packets, name="packets"),
]
