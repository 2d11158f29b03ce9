from __future__ import annotations

from django.urls import path

from qunce.console.sales import views

app_name = "sales"
urlpatterns = [
    path("orders/", views.listed, name="orders"),
    path("orders/totals/", views.totals, name="totals"),
    path("orders/<int:pk>/", views.page, name="order"),
]
