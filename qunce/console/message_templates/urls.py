from __future__ import annotations

from django.urls import path

from qunce.console.message_templates import actions, views

app_name = "message_templates"
urlpatterns = [
    path("", views.template_list, name="list"),
    path("new/", views.template_create, name="create"),
    path("preview/", views.preview, name="preview"),
    path("<int:pk>/", views.template_detail, name="detail"),
    path("<int:pk>/edit/", views.template_update, name="update"),
    path("<int:pk>/archive/", actions.archive, name="archive"),
    path("<int:pk>/restore/", actions.restore, name="restore"),
]
