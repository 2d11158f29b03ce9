from __future__ import annotations

from django.urls import path

from qunce.console.sales import views

app_name = "sales"
urlpatterns = [
    path("orders/", views.listed, name="order-list"),
    path("orders/totals/", views.totals, name="order-totals"),
    path("orders/<int:pk>/", views.page, name="order-detail"),
]
