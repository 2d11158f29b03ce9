from __future__ import annotations

from django.apps import AppConfig


class ChannelAccountsConfig(AppConfig):
    name = "qunce.channels.accounts"
    label = "channels_accounts"

    def ready(self) -> None:
        from qunce.channels.accounts import (  # noqa: F401 - they declare facts
            accounts,
            invitations,
            leases,
            missed_messages,
        )
        from qunce.core.jobs import job_queue

        job_queue.register_leases(leases.free_those_of)
