"""A worker without a clock: it does what the loops of a serving process do, at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from qunce.core import db
from qunce.core.communities import Community
from qunce.core.facts import committed_facts, fact_consumers
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.outreach.playbooks import (
    advancing,
    lifecycle,
    playbooks,
    polling,
    run_events,
    run_reactions,
)
from qunce.outreach.playbooks.lifecycle import Choice
from qunce.outreach.playbooks.models import Playbook, Run, RunStep
from qunce.outreach.sending.ledger import Message
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ENTRY = {"on": "fact", "fact": "order.paid"}


def send(step: str, **fields: Any) -> dict[str, Any]:
    text = f"Step {step}"
    return {"id": step, "kind": "send", "text": text, "channel": "fake", **fields} | {
        "purpose": fields.get("purpose", "service")
    }


def wait(step: str, minutes: int) -> dict[str, Any]:
    return {"id": step, "kind": "wait", "delay": {"minutes": minutes}}


@dataclass
class Worker:
    shop: Community
    by: Staff
    derived: int = 0

    def playbook(
        self, *steps: dict[str, Any], at: datetime = AT, on: bool = True, **fields: Any
    ) -> Playbook:
        """Create a playbook and switch it on."""
        name = fields.pop("name", "First days")
        choice = fields.pop("choice", Choice())
        definition = {"entry": ENTRY, **fields, "steps": list(steps)}
        playbook = playbooks.create(
            community=self.shop, name=name, definition=definition, by=self.by, at=at
        )
        if on:
            lifecycle.switch_on(playbook=playbook, choice=choice, by=self.by, at=at)
        return playbook

    def members(self, *keys: str) -> list[int]:
        return factories.members(self.shop, *keys, channel="fake")

    def order(self, member: str, at: datetime, **fields: Any) -> None:
        factories.order(self.shop, member, at=at, paid_at=at, **fields)

    def tick(self, at: datetime) -> None:
        """One round of all loops. Unlike the real consumer, it reads uncommitted facts."""
        newest = committed_facts.last_position()
        if newest != self.derived:
            deriver.catch_up()
            self.derived = newest
        self.react(at)
        polling.poll_all(at=at)
        advancing.advance_all(at=at)

    def react(self, at: datetime) -> None:
        chosen = run_reactions.ChosenKinds()
        row = fact_consumers.ConsumerPosition.objects.get_or_create(
            consumer=run_events.CONSUMER
        )[0]
        new = committed_facts.list_after(
            after=row.position, kinds=list(chosen), community_id=self.shop.pk
        )
        for kind in dict.fromkeys(fact.kind for fact in new):
            facts: Sequence[RecordedFact] = [f for f in new if f.kind == kind]
            run_reactions.react(community=self.shop, facts=facts, at=at)
        # On PostgreSQL positions are of transactions, and all of a test is one.
        if new and not db.is_postgresql():
            row.position = max(fact.id for fact in new)
            row.save()

    def run_until(
        self, at: datetime, begin: datetime = AT, every: timedelta = HOUR
    ) -> None:
        while begin <= at:
            self.tick(begin)
            begin += every

    def steps(self, member: str) -> list[str]:
        """The steps that the member's runs have done or skipped, in order."""
        account = account_queries.get(self.shop, member)
        rows = RunStep.objects.filter(run__target_id=account.pk).order_by("pk")
        return [
            row.step if row.state == "done" else f"{row.step}: {row.reason}"
            for row in rows
        ]

    def runs(self, member: str) -> list[str]:
        """The states of the member's runs, with how they ended."""
        account = account_queries.get(self.shop, member)
        rows = Run.objects.filter(target_id=account.pk).order_by("pk")
        return [row.ending or row.state for row in rows]

    def texts(self, member: str) -> list[str]:
        """The texts of messages to the member that were not cancelled or skipped."""
        account = account_queries.get(self.shop, member)
        rows = Message.objects.filter(target_id=account.pk, is_group=False)
        rows = rows.exclude(state__in=["cancelled", "skipped"]).order_by("pk")
        return list(rows.values_list("text", flat=True))
