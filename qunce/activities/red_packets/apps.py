from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class RedPacketsConfig(AppConfig):
    name = "qunce.activities.red_packets"
    label = "red_packets"

    def ready(self) -> None:
        for module in (
            "red_packets.doctor_checks",
            "red_packets.personal_sections",
            "kinds.red_packet",
        ):
            import_module(f"qunce.activities.{module}")
