"""A sender that tests run as a process and kill: `python -m tests.outreach.sender_process`.

Its channel appends each message to a file. The file shows what was delivered, whatever
happened to the process.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import django

MEMBERS = 120
AT = datetime(2026, 3, 5, 12, tzinfo=UTC)


def main(step: str, path: str, *, turn: int, idempotent: bool) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qunce.settings")
    django.setup()
    from qunce.channels import channel_contract, outbox, testing

    outbox.BATCH_SIZE = 7
    provided = channel_contract.Capabilities(
        to_member=True, idempotent_sends=idempotent
    )

    @dataclass
    class FileChannel:
        name: str = "fake"
        label: str = "file"
        capabilities: channel_contract.Capabilities = provided

        def send(
            self, messages: Sequence[channel_contract.Message], *, at: datetime
        ) -> list[channel_contract.Outcome]:
            for message in messages:
                with Path(path).open("a") as file:
                    file.write(f"{message.key} {message.to}\n")
                time.sleep(0.002)
            return [testing.DELIVERED] * len(messages)

    channel_contract.register(FileChannel())
    STEPS[step](turn)


def prepare(_turn: int) -> None:
    from qunce.core import communities
    from qunce.core.staff import models as staff_models
    from qunce.members.accounts import accounts
    from qunce.outreach.campaigns import campaigns, launch

    shop = communities.create(key="shop", at=AT)
    boss = staff_models.create(community=shop, login="boss", role="owner", at=AT)
    keys = [f"m{number}" for number in range(MEMBERS)]
    accounts.ensure(community=shop, keys=keys, by=boss, at=AT, channel="fake")
    fields: dict[str, Any] = {"text": "Hello", "rule": {"all": []}, "channel": "fake"}
    campaign = campaigns.create(community=shop, name="News", by=boss, at=AT, **fields)
    launch.start(campaign=campaign, by=boss, at=AT)


def send(turn: int) -> None:
    """Each turn is later than the leases of the turn before."""
    from qunce.outreach.sending import channel_sending

    print("ready", flush=True)
    turn_length = channel_sending.LEASE_PERIOD + timedelta(seconds=1)
    channel_sending.send_due(at=AT + turn * turn_length)


def report(_turn: int) -> None:
    """Print the rows by state, the number of facts, and the number of their members."""
    from collections import Counter

    from qunce.core.facts import facts
    from qunce.outreach.sending.recipients import Recipient

    states = Counter(Recipient.objects.values_list("state", flat=True))
    kind = facts.ensure_kinds(["send.delivered"])["send.delivered"]
    recorded = facts.Fact.objects.filter(kind_id=kind)
    people = set(recorded.values_list("account_id", flat=True))
    print(dict(states), recorded.count(), len(people), sep="\n")


STEPS = {"prepare": prepare, "send": send, "report": report}

if __name__ == "__main__":
    main(
        sys.argv[1], sys.argv[2], turn=int(sys.argv[3]), idempotent=sys.argv[4] == "yes"
    )
