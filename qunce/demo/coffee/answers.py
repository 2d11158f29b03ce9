"""Answers of staff in their groups: each operator has a pace of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from qunce import ingest
from qunce.demo.coffee.context import Context
from qunce.demo.simulation.groups import SimulatedGroup
from qunce.demo.simulation.random_numbers import Chance
from qunce.ingest.incoming_facts import IncomingFact
from qunce.members.accounts.models import Account

DAYS = timedelta(days=60)
SOURCE = "wecom"
LONGEST = timedelta(days=2)


@dataclass(frozen=True)
class Pace:
    """The mean minutes until an answer, and which share of messages gets one."""

    minutes: float
    share: float


PACES = {
    "wen": Pace(4, 0.9),
    "hao": Pace(25, 0.8),
    "yi": Pace(150, 0.7),
    "tom": Pace(600, 0.4),
}


def report(context: Context) -> None:
    """Report the answers of the last weeks; those that are known stay as they are."""
    chance = context.simulation.settings.chance("answers")
    for group in context.simulation.groups:
        facts = list(_answer(context, group, chance))
        if facts:
            ingest.record_facts(
                community=context.community,
                incoming=facts,
                by=context.staff["manager"],
                at=context.at,
                source=SOURCE,
            )


def _answer(
    context: Context, group: SimulatedGroup, chance: Chance
) -> Iterator[IncomingFact]:
    pace = PACES.get(group.owner)
    key = f"crew-{group.owner}"
    account = Account.objects.filter(
        community=context.community, key=key
    ).first()  # unique
    if pace is None or account is None:
        return
    now = context.simulation.settings.now
    answered = now - DAYS
    for number, asked in enumerate(_messages_of(context, group)):
        wait = timedelta(minutes=chance.exponential(pace.minutes))
        when = asked + min(wait, LONGEST)
        if asked <= answered or when > now or not chance.happens(pace.share):
            continue
        answered = when
        yield IncomingFact(
            kind="message.posted",
            happened_at=context.moment(when),
            account=account.pk,
            group=group.key,
            key=f"answer-{group.key}-{number}",
            payload={"length": chance.whole(6, 80)},
        )


def _messages_of(context: Context, group: SimulatedGroup) -> Iterator[datetime]:
    since = context.simulation.settings.now - DAYS
    for message in context.simulation.messages:
        if message.group == group.number and message.at > since:
            yield message.at
