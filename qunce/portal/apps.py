from __future__ import annotations

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "qunce.portal"
    label = "portal"

    def ready(self) -> None:
        from qunce.portal import log_redaction

        log_redaction.install()
