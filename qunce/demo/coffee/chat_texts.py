"""The texts of the simulated messages of the last weeks, so that groups have topics."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from qunce.core import timestamps
from qunce.core.facts import facts
from qunce.core.facts.facts import Fact
from qunce.demo.coffee.context import Context
from qunce.insight.words import word_days, word_settings
from qunce.insight.words.word_settings import Brand
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.message_texts import NewText
from qunce.members.message_texts.models import MessageText
from qunce.outreach.sending.channel_events import MessagePosted

SPAN = timedelta(days=57)
TEXTS_PER_TRANSACTION = 2_000
RIVALS = {
    "zh": ("拿铁", "美式", "手冲"),
    "en": ("Latte", "Americano", "Cappuccino"),
}
"""Products that are compared as brands are, as nobody in the demo names a brand."""


def create(context: Context) -> None:
    """Store the texts beside their facts, once, and count their words."""
    community = context.community
    if MessageText.objects.filter(community=community).exists():
        return
    texts = {
        (
            context.account_id(each.person),
            timestamps.to_micros(context.moment(each.at)),
        ): (each.text)
        for each in context.simulation.messages
        if context.moment(each.at) > context.at - SPAN
    }
    kind = facts.ensure_kinds([MessagePosted.kind])[MessagePosted.kind]
    rows = Fact.objects.filter(
        community_id=community.pk,
        kind_id=kind,
        happened_at__gt=context.at - SPAN,
        key__isnull=False,
    ).order_by("pk")
    by_source: dict[int, list[NewText]] = {}
    for source, key, account, group, at in rows.values_list(
        "source_id", "key", "account_id", "group_id", "happened_at"
    ):
        moment = timestamps.to_micros(at)
        text = texts.get((account or 0, moment))
        if text and source and key and account:
            new = NewText(key, account, group, moment, text)
            by_source.setdefault(source, []).append(new)
    # In one transaction, so that a load after a kill finds all of it or nothing.
    with transaction.atomic():
        for source, own in by_source.items():
            for start in range(0, len(own), TEXTS_PER_TRANSACTION):
                some = own[start : start + TEXTS_PER_TRANSACTION]
                message_texts.store(community, source, some)
        brands = [
            Brand(name, ()) for name in RIVALS[context.simulation.settings.language]
        ]
        word_settings.change(
            community=community, by=context.owner, at=context.at, brands=brands
        )
    word_days.count_due(at=context.at)
