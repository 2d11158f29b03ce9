"""Rows of groups and their members as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.forms import BoundField
from django.urls import reverse

from qunce.console import http, paging
from qunce.console.entry import presenters as entry_presenters
from qunce.console.groups.forms import CARD_FIELDS, GroupForm
from qunce.console.outreach import labels as outreach_labels
from qunce.core import permissions
from qunce.core.staff.models import Staff
from qunce.groups import group_cards, labels, memberships
from qunce.groups.entry import gates, group_rules
from qunce.groups.groups import Group
from qunce.insight.group_numbers import GroupNumbers
from qunce.insight.words import topics
from qunce.members.accounts import masking
from qunce.members.accounts.models import Account
from qunce.members.message_texts import message_texts


@dataclass(frozen=True)
class GroupRow:
    group: Group
    numbers: GroupNumbers

    @property
    def kind(self) -> str:
        return labels.label_of(labels.KINDS, self.group.kind)

    @property
    def platform(self) -> str:
        return labels.label_of(labels.PLATFORMS, self.group.platform)

    @property
    def is_full(self) -> bool:
        capacity = self.group.capacity
        return capacity is not None and self.numbers.size >= capacity

    @property
    def growth_text(self) -> str:
        growth = self.numbers.growth
        return "0" if not growth else f"{growth:+,}".replace("-", "\N{MINUS SIGN}")


@dataclass(frozen=True)
class FilterChoice:
    """A filter of the list. `name` is its parameter in the URL."""

    name: str
    label: str
    options: list[tuple[str, str]]
    selected: str


def members_context(request: http.Request, group: Group) -> dict[str, Any]:
    """Return the context of the list of members."""
    by, at = request.staff, request.at
    after = paging.parse_number(request, "after", maximum=paging.MAX_MEMBER_ID)
    people = memberships.list_members(
        group=group, by=by, at=at, after=after, limit=memberships.PAGE_SIZE + 1
    )
    shown = people[: memberships.PAGE_SIZE]
    has_more = len(people) > len(shown)
    return {
        "people": [(person, _display_name(person, by)) for person in shown],
        "members_with_role": []
        if after
        else [
            (person, _display_name(person, by))
            for person in memberships.list_members_with_role(group=group, by=by, at=at)
        ],
        "first": paging.link(request, after=None) if after else "",
        "next": paging.link(request, after=shown[-1].account.pk) if has_more else "",
    }


MESSAGES_SHOWN, MAX_SHOWN_LENGTH = 20, 500


@dataclass(frozen=True)
class ShownMessage:
    account: int
    name: str
    at: datetime
    text: str


def messages_context(request: http.Request, group: Group) -> dict[str, Any]:
    """Return the latest texts of the group, none for staff who may not read them."""
    by, at = request.staff, request.at
    if not permissions.may(by, message_texts.READ):
        return {"messages_shown": []}
    found = message_texts.list_latest(
        group=group.pk, by=by, at=at, limit=MESSAGES_SHOWN
    )
    accounts = Account.objects.in_bulk({text.account_id for text in found})
    may_view = permissions.may(by, topics.VIEW)
    return {
        "messages_shown": [
            ShownMessage(
                text.account_id,
                accounts[text.account_id].name
                or masking.key(accounts[text.account_id].key, by),
                text.happened_at,
                masking.text(text.text, by)[:MAX_SHOWN_LENGTH],
            )
            for text in found
            if text.account_id in accounts
        ],
        "words_url": f"{reverse('insight:words')}?group={group.pk}" if may_view else "",
        "retention_days": message_texts.retention_of(request.community),
    }


@dataclass(frozen=True)
class GateSummary:
    """`rule` is the threshold as a sentence, `note` what staff wrote of it."""

    is_on: bool
    parts: list[str]
    rule: str
    note: str
    version: int | None
    """Of the group's rules."""


def gate_summary(group: Group, by: Staff) -> GateSummary:
    """Return what newcomers of the group have to do."""
    gate, rules = gates.find(group), group_rules.find(group)
    rule = None if gate is None else gate.rule
    return GateSummary(
        is_on=gate is not None and gate.is_on,
        parts=entry_presenters.parts(gate),
        rule="" if rule is None else outreach_labels.describe_rule(by, rule),
        note="" if gate is None else gate.note,
        version=None if rules is None else rules.version,
    )


def _display_name(person: memberships.GroupMember, by: Staff) -> str:
    return person.account.name or masking.key(person.account.key, by)


@dataclass(frozen=True)
class CardRow:
    """A field of the card; `field` is the form's to edit it in place, if that is allowed."""

    name: str
    label: str
    text: str
    field: BoundField | None


CARD = ("whom", "value", "rhythm", "kind", "audience", "platform", "capacity")
"""The fields of the positioning card, followed by `owner`."""


def card_rows(group: Group, *, may_edit: bool) -> list[CardRow]:
    """Return what the group is for, and who answers for it."""
    form = GroupForm(group.community, group=group)
    card = group_cards.read(group)
    texts = {
        **{name: card.get(name, "") for name in CARD_FIELDS},
        "kind": labels.label_of(labels.KINDS, group.kind),
        "audience": str(group.get_audience_display()),
        "platform": labels.label_of(labels.PLATFORMS, group.platform),
        "capacity": f"{group.capacity:,}" if group.capacity else "",
        "owner": group.owner.name if group.owner else "",
    }
    return [
        CardRow(
            name,
            str(form.fields[name].label),
            texts[name],
            form[name] if may_edit else None,
        )
        for name in (*CARD, "owner")
    ]
