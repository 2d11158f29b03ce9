"""URLs of the draw of an activity."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from qunce.activities.draws import draws
from qunce.console.activities import kind_pages
from qunce.console.activities.kind_pages import KindPage
from qunce.console.draws import actions, views

app_name = "draws"
kind_pages.register(
    KindPage(
        kind=draws.KIND,
        label=_("Prizes and winners"),
        icon="gift",
        url_name="draws:detail",
        is_setup=True,
    )
)
urlpatterns = [
    path("<int:pk>/", views.draw_detail, name="detail"),
    path("<int:pk>/prizes/", views.prizes_update, name="prizes"),
    path("<int:pk>/public-value/", views.public_value_update, name="public-value"),
    path("<int:pk>/tickets/", actions.give_tickets, name="give-tickets"),
    path("<int:pk>/figure/", actions.type_figure, name="type-figure"),
    path("<int:pk>/signature/", actions.paste_signature, name="paste-signature"),
    path("<int:pk>/again/", actions.draw_again, name="draw-again"),
    path("<int:pk>/void/", actions.declare_void, name="declare-void"),
    path("<int:pk>/certificate/", views.certificate, name="certificate"),
]
