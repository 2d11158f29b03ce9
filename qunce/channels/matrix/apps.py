from __future__ import annotations

from django.apps import AppConfig


class MatrixConfig(AppConfig):
    name = "qunce.channels.matrix"
    label = "channels_matrix"

    def ready(self) -> None:
        from qunce.channels import channel_contract
        from qunce.channels.accounts import providers
        from qunce.channels.matrix import channel

        channel_contract.register(
            channel.MatrixChannel(), is_connected=channel.is_connected
        )
        providers.register(channel.MatrixProvider())
