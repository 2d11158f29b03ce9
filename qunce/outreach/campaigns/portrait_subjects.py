"""Campaigns as subjects of portraits: who got, opened or followed one, and who did not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy

from qunce.core import label_texts
from qunce.core.facts import facts
from qunce.insight.portraits import subjects
from qunce.insight.portraits.subjects import Choice, Subject, SubjectKind
from qunce.outreach.campaigns import campaigns, effects
from qunce.outreach.campaigns.models import Campaign, Target
from qunce.outreach.sending import send_facts

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

    from qunce.core.staff.models import Staff

REACHED = (
    send_facts.SendDelivered.kind,
    send_facts.SendMarkedSent.kind,
    send_facts.SendClicked.kind,
)
SETTLED = (*REACHED, *send_facts.NOT_SENT_KINDS, send_facts.SendUnknown.kind)
"""The facts of which each recipient has one, whatever came of the message."""
MAX_CHOICES = 30
"""The newest campaigns."""


def _did(campaign: Campaign, kinds: Iterable[str]) -> list[dict[str, Any]]:
    """A rule for each of these kinds that has ever happened, as rules know no others."""
    where = {"campaign": [campaign.key]}
    return [
        {"did": {"kind": kind, "where": where}}
        for kind in kinds
        if facts.find_kind(kind) is not None
    ]


def _reached(campaign: Campaign) -> dict[str, Any]:
    return {"any": _did(campaign, REACHED)}


def _clicked(campaign: Campaign) -> dict[str, Any]:
    return {"any": _did(campaign, [send_facts.SendClicked.kind])}


def _ordered(campaign: Campaign) -> dict[str, Any]:
    order = effects.GAINS["ordered"]
    if facts.find_kind(order) is None:
        return {"any": []}
    within = f"{effects.WINDOW.days}d"
    steps = [step["did"] for step in _did(campaign, REACHED)]
    return {
        "any": [
            {"seq": {"steps": [step, {"kind": order}], "within": within}}
            for step in steps
        ]
    }


def _recipients(campaign: Campaign) -> dict[str, Any]:
    """Everyone a message was meant for, also those who were held out."""
    held_out = {"held_out": {"campaign": campaign.key}}
    return {"any": [*_did(campaign, SETTLED), held_out]}


@dataclass(frozen=True)
class Part:
    """Members whom a campaign took somewhere, and the others they are compared with."""

    label: StrOrPromise
    rule: Callable[[Campaign], dict[str, Any]]
    among: Callable[[Campaign], dict[str, Any]]
    among_label: StrOrPromise


PARTS = {
    "sent": Part(
        gettext_lazy("got it"),
        _reached,
        _recipients,
        gettext_lazy("recipients who did not get it or were held out"),
    ),
    "clicked": Part(
        gettext_lazy("opened a link"),
        _clicked,
        _reached,
        gettext_lazy("members who got it and opened no link"),
    ),
    "bought": Part(
        gettext_lazy("ordered within 7 days"),
        _ordered,
        _reached,
        gettext_lazy("members who got it and did not order within 7 days"),
    ),
}
FIRST = next(iter(PARTS))


def _find(key: str, by: Staff) -> Subject | None:
    number, _colon, name = key.partition(":")
    part = PARTS.get(name or FIRST)
    if part is None or not subjects.is_number(number):
        return None
    for campaign in _list_started(by).filter(pk=int(number)):
        return Subject(
            f"campaign:{key}",
            label_texts.with_label(campaign.name, str(part.label)),
            part.rule(campaign),
            part.among(campaign),
            str(part.among_label),
        )
    return None


def list_parts(campaign: Campaign) -> list[Choice]:
    """The subjects of a campaign to members that has started, with their labels."""
    if campaign.started_at is None or campaign.target == Target.GROUPS:
        return []
    return [
        (f"campaign:{campaign.pk}:{name}", str(part.label))
        for name, part in PARTS.items()
    ]


def _list_choices(by: Staff) -> list[Choice]:
    return [
        (text, label_texts.with_label(campaign.name, label))
        for campaign in _list_started(by)[:MAX_CHOICES]
        for text, label in list_parts(campaign)
    ]


def _list_started(by: Staff) -> QuerySet[Campaign]:
    rows = campaigns.list_visible(by).filter(started_at__isnull=False)
    return rows.exclude(target=Target.GROUPS)


subjects.register(
    SubjectKind(
        "campaign",
        "id:" + "|".join(PARTS),
        gettext_lazy("Campaigns"),
        _find,
        _list_choices,
    )
)
