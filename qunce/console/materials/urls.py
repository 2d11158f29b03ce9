from __future__ import annotations

from django.urls import path

from qunce.console.materials import (
    actions,
    file_views,
    picker_views,
    product_views,
    views,
)

app_name = "materials"
urlpatterns = [
    path("", views.material_list, name="list"),
    path("new/", views.material_create, name="create"),
    path("picker/", picker_views.find, name="picker"),
    path("products/", product_views.product_list, name="product-list"),
    path("<int:pk>/", views.material_detail, name="detail"),
    path("<int:pk>/edit/", views.material_update, name="update"),
    path("<int:pk>/archive/", actions.archive, name="archive"),
    path("<int:pk>/restore/", actions.restore, name="restore"),
    path("<int:pk>/stock/", actions.set_stock, name="stock"),
    path("files/<int:pk>/", file_views.file, name="file"),
    path("files/<int:pk>/thumbnail/", file_views.thumbnail, name="thumbnail"),
]
