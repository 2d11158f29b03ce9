from __future__ import annotations

from django.urls import path

from qunce.console.sales import orders

app_name = "sales"
urlpatterns = [
    path("orders/", orders.listed, name="orders"),
    path("orders/totals/", orders.totals, name="totals"),
    path("orders/<int:pk>/", orders.page, name="order"),
]
