from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class LiveSessionsConfig(AppConfig):
    name = "qunce.activities.live_sessions"
    label = "live_sessions"

    def ready(self) -> None:
        for module in (
            "live_sessions.clauses",
            "live_sessions.personal_sections",
            "kinds.live_session",
        ):
            import_module(f"qunce.activities.{module}")
