from __future__ import annotations

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "qunce.channels.webhooks"
    label = "channels_webhooks"

    def ready(self) -> None:
        from qunce.channels.webhooks import endpoints  # noqa: F401 - facts
