from __future__ import annotations

from django.urls import path

from qunce.console.contact_budget import views

app_name = "contact_budget"
urlpatterns = [
    path("", views.contact_budget, name="settings"),
    path("approval/", views.update_approval, name="approval"),
    path("time-zones/", views.update_zones, name="time-zones"),
    path("hold-out/", views.update_hold_out, name="hold-out"),
]
