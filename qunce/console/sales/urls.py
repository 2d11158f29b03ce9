from __future__ import annotations

from django.urls import path

from qunce.console.sales import views

app_name = "sales"
urlpatterns = [
    path("orders/", views.order_list, name="order-list"),
    path("orders/totals/", views.order_totals, name="order-totals"),
    path("orders/export/", views.export_orders, name="order-export"),
    path("orders/<int:pk>/", views.order_detail, name="order-detail"),
]
