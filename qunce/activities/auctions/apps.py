from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class AuctionsConfig(AppConfig):
    name = "qunce.activities.auctions"
    label = "auctions"

    def ready(self) -> None:
        for module in ("auctions.personal_sections", "kinds.auction"):
            import_module(f"qunce.activities.{module}")
