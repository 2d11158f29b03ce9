"""URLs of prizes: their stock, and handing them over."""

from __future__ import annotations

from django.urls import path

from qunce.console.prizes import actions, views

app_name = "prizes"
urlpatterns = [
    path("", views.prize_list, name="list"),
    path("new/", views.prize_create, name="create"),
    path("awards/", views.award_list, name="award-list"),
    path("awards/export/", actions.export_addresses, name="export-addresses"),
    path("awards/parcels/", actions.paste_parcels, name="paste-parcels"),
    path("awards/<int:pk>/", views.award_detail, name="award-detail"),
    path("awards/<int:pk>/claim/", actions.claim, name="claim"),
    path("awards/<int:pk>/release/", actions.release, name="release"),
    path("awards/<int:pk>/send/", actions.send, name="send"),
    path("awards/<int:pk>/hand-over/", actions.hand_over, name="hand-over"),
    path("awards/<int:pk>/take-back/", actions.take_back, name="take-back"),
    path("awards/<int:pk>/address/", actions.show_address, name="show-address"),
    path("<int:pk>/", views.prize_detail, name="detail"),
    path("<int:pk>/edit/", views.prize_update, name="update"),
    path("<int:pk>/stock/", actions.add_stock, name="add-stock"),
    path("<int:pk>/codes/", actions.upload_codes, name="upload-codes"),
    path("<int:pk>/archive/", actions.archive, name="archive"),
]
