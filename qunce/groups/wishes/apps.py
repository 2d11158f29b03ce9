from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class WishesConfig(AppConfig):
    name = "qunce.groups.wishes"
    label = "wishes"

    def ready(self) -> None:
        for module in ("sections", "wishes"):
            import_module(f"qunce.groups.wishes.{module}")
