"""A process that sends and is killed while it does: `python -m tests.outreach.killed`.

The channel writes each message to a file, as a chat app would keep it. Whoever reads the
file knows what arrived, whatever became of the process.
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


def main(step: str, file: str, *, turn: int, idempotent: bool) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qunce.settings")
    django.setup()
    from qunce.channels import base, outbox, testing

    outbox.BATCH_SIZE = 7
    can = base.Capabilities(to_member=True, idempotent_sends=idempotent)

    @dataclass
    class Paper:
        name: str = "fake"
        label: str = "paper"
        capabilities: base.Capabilities = can

        def send(
            self, messages: Sequence[base.Message], *, at: datetime
        ) -> list[base.Outcome]:
            for message in messages:
                with Path(file).open("a") as paper:
                    paper.write(f"{message.key} {message.to}\n")
                time.sleep(0.002)
            return [testing.DELIVERED] * len(messages)

    base.register(Paper())
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
    given: dict[str, Any] = {"text": "Hello", "rule": {"all": []}, "channel": "fake"}
    campaign = campaigns.create(community=shop, name="News", by=boss, at=AT, **given)
    launch.start(campaign=campaign, by=boss, at=AT)


def push(turn: int) -> None:
    """Each start is later than the leases of the one before."""
    from qunce.outreach.sending import channel_sending

    print("ready", flush=True)
    channel_sending.send_due(
        at=AT + turn * (channel_sending.LEASE_PERIOD + timedelta(seconds=1))
    )


def tell(_turn: int) -> None:
    """Rows and facts as they are: state and count, a line each."""
    from collections import Counter

    from qunce.core.facts import facts
    from qunce.outreach.sending.recipients import Recipient

    states = Counter(Recipient.objects.values_list("state", flat=True))
    kind = facts.ensure_kinds(["send.delivered"])["send.delivered"]
    told = facts.Fact.objects.filter(kind_id=kind)
    people = set(told.values_list("account_id", flat=True))
    print(dict(states), told.count(), len(people), sep="\n")


STEPS = {"prepare": prepare, "push": push, "tell": tell}

if __name__ == "__main__":
    main(
        sys.argv[1], sys.argv[2], turn=int(sys.argv[3]), idempotent=sys.argv[4] == "yes"
    )
