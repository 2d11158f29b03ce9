from __future__ import annotations

from django.apps import AppConfig


class SetsConfig(AppConfig):
    name = "qunce.sets"
    label = "sets"

    def ready(self) -> None:
        from qunce.sets import (  # noqa: F401 - they register
            basics,
            checkups,
            did,
            keychecks,
            sequences,
        )
