from __future__ import annotations

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "qunce.portal"
    label = "portal"

    def ready(self) -> None:
        from qunce.portal import log_redaction
        from qunce.portal.activities import sections  # noqa: F401 - registers them

        log_redaction.install()
