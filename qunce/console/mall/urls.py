"""URLs of what was redeemed in a mall."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from qunce.activities.mall import redemptions
from qunce.console.activities import kind_pages
from qunce.console.activities.kind_pages import KindPage
from qunce.console.mall import views

app_name = "mall"
kind_pages.register(
    KindPage(
        kind=redemptions.KIND,
        label=_("Items and redemptions"),
        icon="gift",
        url_name="mall:redemptions",
    )
)
urlpatterns = [
    path("<int:pk>/", views.redemption_list, name="redemptions"),
    path("<int:pk>/redeemed/<int:redemption>/undo/", views.undo, name="undo"),
]
