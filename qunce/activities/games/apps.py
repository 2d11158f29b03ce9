from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class GamesConfig(AppConfig):
    name = "qunce.activities.games"
    label = "games"

    def ready(self) -> None:
        for module in (
            "games.personal_sections",
            "games.payouts",
            "kinds.quiz",
            "kinds.riddle",
            "kinds.guess",
            "kinds.idiom_chain",
        ):
            import_module(f"qunce.activities.{module}")
