"""Labels of states and audiences. Each state has a label, a colour and an icon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from qunce.core.staff.models import Staff
from qunce.members.rule_text import contact_masks, sentences
from qunce.members.rule_text import names as rule_names
from qunce.outreach.campaigns import campaigns
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending.ledger import State

CAMPAIGN_CHIPS = {
    "draft": ("", "pencil"),
    "in_review": ("warn", "eye"),
    "rejected": ("bad", "x-mark"),
    "scheduled": ("info", "clock"),
    "sending": ("info", "paper-airplane"),
    "paused": ("warn", "pause"),
    "done": ("good", "check"),
    "cancelled": ("", "no-symbol"),
}
RECIPIENT_CHIPS = {
    "planned": ("", "clock"),
    "marked": ("good", "check"),
    "accepted": ("info", "paper-airplane"),
    "delivered": ("good", "check"),
    "clicked": ("good", "cursor-arrow-rays"),
    "skipped": ("", "forward"),
    "failed": ("bad", "x-mark"),
    "unknown": ("warn", "question-mark-circle"),
    "cancelled": ("", "no-symbol"),
}


@dataclass(frozen=True)
class Chip:
    label: str
    css: str
    icon: str


def campaign_chip(campaign: Campaign) -> Chip:
    return Chip(campaign.get_state_display(), *CAMPAIGN_CHIPS[campaign.state])


def recipient_chip(state: str) -> Chip:
    return Chip(str(State(state).label), *RECIPIENT_CHIPS[state])


def recipient_states() -> list[tuple[str, str]]:
    return [(state.value, str(state.label)) for state in State]


def audience(campaign: Campaign, by: Staff) -> str:
    """Return a sentence that describes the audience."""
    if campaign.target == campaigns.Target.GROUPS:
        return _("%(n)s chosen groups") % {"n": len(campaign.groups)}
    if campaign.rule is None:
        return _("not chosen yet")
    return describe_rule(by, campaign.rule)


def excluded(campaign: Campaign, by: Staff) -> str:
    if campaign.exclude is None:
        return ""
    return describe_rule(by, campaign.exclude)


def describe_rule(by: Staff, parsed: Any) -> str:
    if parsed == {"all": []}:
        return _("everyone")
    names = rule_names.find(by.community, parsed)
    return sentences.to_text(contact_masks.masked(parsed, by), names)
