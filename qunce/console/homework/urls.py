"""URLs of what was handed in for homework, with its reviews and decisions."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from qunce.activities.homework import terms
from qunce.console.activities import kind_pages
from qunce.console.activities.kind_pages import KindPage
from qunce.console.homework import actions, views

app_name = "homework"
kind_pages.register(
    KindPage(
        kind=terms.KIND,
        label=_("Homework and reviews"),
        icon="pencil",
        url_name="homework:overview",
    )
)
urlpatterns = [
    path("<int:pk>/", views.overview, name="overview"),
    path("<int:pk>/file/", views.file, name="file"),
    path("<int:pk>/publish/", actions.publish, name="publish"),
    path("<int:pk>/<int:submission>/", views.submission, name="submission"),
    path("<int:pk>/<int:submission>/decide/", actions.decide, name="decide"),
    path("<int:pk>/<int:submission>/comment/", actions.comment, name="comment"),
]
