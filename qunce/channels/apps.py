from __future__ import annotations

from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    name = "qunce.channels"
    label = "channels"

    def ready(self) -> None:
        from qunce.channels import assisted, channel_contract

        channel_contract.register(assisted.AssistedChannel())
