"""URLs of polls."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from qunce.activities.kinds import poll
from qunce.console.activities import kind_pages
from qunce.console.activities.kind_pages import KindPage
from qunce.console.polls import views

app_name = "polls"
kind_pages.register(
    KindPage(kind=poll.KEY, label=_("Votes"), icon="chart-bar", url_name="polls:detail")
)
urlpatterns = [path("<int:pk>/", views.poll_detail, name="detail")]
