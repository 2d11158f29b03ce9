from __future__ import annotations

from django.apps import AppConfig


class ChannelAccountsConfig(AppConfig):
    name = "qunce.channels.accounts"
    label = "channels_accounts"

    def ready(self) -> None:
        from qunce.channels.accounts import accounts, leases  # noqa: F401 - facts
        from qunce.core.jobs import job_queue

        job_queue.register_leases(leases.free_those_of)
