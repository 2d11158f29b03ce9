"""URLs of quizzes and text games."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from qunce.activities.games import rules
from qunce.console.activities import kind_pages
from qunce.console.activities.kind_pages import KindPage
from qunce.console.games import actions, views

app_name = "games"
for kind in rules.KINDS:
    kind_pages.register(
        KindPage(
            kind=kind,
            label=_("Questions and answers"),
            icon="light-bulb",
            url_name="games:detail",
        )
    )
urlpatterns = [
    path("<int:pk>/", views.game_detail, name="detail"),
    path("<int:pk>/next/", actions.open_next, name="next"),
    path("<int:pk>/decide/", actions.decide, name="decide"),
    path("<int:pk>/rounds/<int:number>/close/", actions.close_round, name="close"),
    path("<int:pk>/answers/<int:answer>/rule/", actions.rule, name="rule"),
]
