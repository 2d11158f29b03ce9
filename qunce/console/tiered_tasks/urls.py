"""URLs of tiered tasks."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from qunce.activities.kinds import tiered_task
from qunce.console.activities import kind_pages
from qunce.console.activities.kind_pages import KindPage
from qunce.console.tiered_tasks import views

app_name = "tiered_tasks"
kind_pages.register(
    KindPage(
        kind=tiered_task.KEY,
        label=_("Tiers"),
        icon="chart-bar",
        url_name="tiered_tasks:detail",
    )
)
urlpatterns = [path("<int:pk>/", views.task_detail, name="detail")]
