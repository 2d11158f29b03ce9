"""Findings as pages show them: sentences, two buttons, and the parts behind them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.console import http
from qunce.console.insight import presenters
from qunce.core import community_days, permissions
from qunce.insight.findings import decisions, outcomes, sentences
from qunce.insight.findings.actions import ACTIONS, draft_of
from qunce.insight.findings.daily import DayFindings
from qunce.insight.findings.finding import Finding, FindingPart
from qunce.insight.findings.models import Decided, FindingDecision
from qunce.outreach.campaigns import campaigns
from qunce.outreach.contact_budget import policies

MAX_URL = 4_000
"""Characters of an address that browsers and proxies pass on."""


@dataclass(frozen=True, kw_only=True)
class PartRow:
    """A row of the table behind a finding; the last one is the whole."""

    label: str
    observed: str
    expected: str
    difference: str


@dataclass(frozen=True, kw_only=True)
class FindingCard:
    """`people_href` lists the people behind it. Without `action_label` staff may not act."""

    finding: Finding
    headline: str
    lines: tuple[str, ...]
    notes: tuple[str, ...]
    metric_label: str
    parts_label: str
    parts: tuple[PartRow, ...]
    people_href: str
    people_label: str
    action_label: str

    @property
    def is_bad(self) -> bool:
        return self.finding.action != "welcome"


@dataclass(frozen=True, kw_only=True)
class DecisionRow:
    """A decision with what came of it, and what may be done about it."""

    decision: FindingDecision
    headline: str
    is_dismissed: bool
    what: str
    until: date
    outcome: str
    verdict: str
    may_withdraw: bool


def card(finding: Finding, request: http.Request) -> FindingCard:
    people = ""
    if finding.people:
        text = ngettext("Open %(n)s person", "Open the %(n)s people", finding.people)
        people = text % {"n": f"{finding.people:,}"}
    lines = (
        sentences.cause_line(finding),
        sentences.money_line(finding),
        sentences.community_line(finding),
    )
    notes = (
        sentences.left_out_line(finding.left_out),
        sentences.effect_line(finding.effect),
    )
    action = ACTIONS[finding.action]
    may_act = decisions.may_decide(request.staff) and _has_page(finding, request)
    return FindingCard(
        finding=finding,
        headline=sentences.headline(finding),
        lines=tuple(line for line in lines if line),
        notes=tuple(note for note in notes if note),
        metric_label=finding.definition.label_for(finding.level),
        parts_label=finding.cause.label if finding.cause else "",
        parts=tuple(_list_parts(finding)),
        people_href=presenters.members_url(finding.rule) if people else "",
        people_label=people,
        action_label=action.button_for(finding) if may_act else "",
    )


def _list_parts(finding: Finding) -> list[PartRow]:
    cause = finding.cause
    if cause is None:
        return []
    rows = [_part_row(part, finding) for part in (*cause.leading, *cause.opposite)]
    for label, number in (
        (_("all others"), cause.others),
        (_("in no part, or in several"), cause.remainder),
    ):
        if number:
            text = sentences.format_number(number, finding, signed=True)
            row = PartRow(label=label, observed="", expected="", difference=text)
            rows.append(row)
    whole = FindingPart(
        key="",
        label=_("Together"),
        expected=finding.expected,
        observed=finding.observed,
    )
    return [*rows, _part_row(whole, finding)]


def _part_row(part: FindingPart, finding: Finding) -> PartRow:
    return PartRow(
        label=part.label,
        observed=sentences.format_number(part.observed, finding),
        expected=sentences.format_number(part.expected, finding),
        difference=sentences.format_number(part.contribution, finding, signed=True),
    )


def _has_page(finding: Finding, request: http.Request) -> bool:
    """Whether staff may do the action; everybody may look at posts and sources."""
    if ACTIONS[finding.action].text:
        may_send = permissions.may(request.staff, campaigns.MANAGE)
        return may_send and bool(finding.people)
    if finding.action == "contact_limits":
        return permissions.may(request.staff, policies.MANAGE)
    return True


def action_url(finding: Finding, action: str, request: http.Request) -> str:
    """The page where an action is done, with its draft."""
    if ACTIONS[action].text and finding.rule is not None:
        # Members read it, not the staff member whose language is active.
        with translation.override(request.community.language):
            name, text = draft_of(finding, action)
        rule = json.dumps(finding.rule, ensure_ascii=False, separators=(",", ":"))
        query = urlencode({"rule": rule, "name": name, "text": text})
        url = f"{reverse('outreach:campaign-create')}?{query}"
        if len(url) < MAX_URL:
            return url
        return f"{reverse('outreach:campaign-create')}?{urlencode({'rule': rule})}"
    if action == "contact_limits":
        return reverse("contact_budget:settings")
    if action == "group_posts":
        query = urlencode({"q": finding.group_name})
        return f"{reverse('content_calendar:week')}?{query}"
    if action == "compare_sources":
        first = finding.since - timedelta(days=28)
        query = urlencode({"first": first.isoformat()})
        return f"{reverse('insight:retained')}?{query}"
    return reverse("insight:findings")


def decision_row(decision: FindingDecision, request: http.Request) -> DecisionRow:
    finding = decisions.finding_of(decision)
    today = community_days.to_date(request.community.day(request.at))
    is_dismissed = decision.decided == Decided.DISMISSED
    outcome = decisions.outcome_of(decision)
    what = decision.reason
    if not is_dismissed:
        what = str(ACTIONS[decision.action].label) if decision.action in ACTIONS else ""
    return DecisionRow(
        decision=decision,
        headline=sentences.headline(finding, today),
        is_dismissed=is_dismissed,
        what=what,
        until=decisions.last_day_away(decision),
        outcome="" if is_dismissed else sentences.outcome_line(outcome, finding),
        verdict="" if outcome is None else outcome.verdict,
        may_withdraw=decisions.may_decide(request.staff),
    )


def context_of(found: DayFindings, request: http.Request) -> dict[str, Any]:
    """What the block of open findings shows."""
    return {
        "cards": [card(finding, request) for finding in found.open],
        "found": found,
        "may_decide": decisions.may_decide(request.staff),
        "asked": found.all.asked - found.all.not_enough,
        "not_enough": found.all.not_enough,
        "reasons": (
            _("We know about it"),
            _("It is not a problem"),
            _("The numbers are wrong"),
        ),
        "usual": outcomes.Verdict.USUAL.value,
    }
