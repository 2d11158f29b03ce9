"""Cases and rules as the pages of moderation show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from qunce.console import http
from qunce.console.outreach import labels
from qunce.core import errors, permissions
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.groups.moderation.cases import cases, member_reports, precision
from qunce.groups.moderation.cases.precision import Precision
from qunce.groups.moderation.checks import base
from qunce.groups.moderation.checks.findings import Evidence, Finding
from qunce.groups.moderation.judgements import pasted_messages
from qunce.groups.moderation.models import (
    Action,
    ActionState,
    Case,
    CaseSource,
    CaseState,
    Mode,
    Rule,
    Rung,
    ShadowRun,
)
from qunce.groups.moderation.rules import shadow_runs
from qunce.groups.moderation.staff_decisions import case_decisions
from qunce.members.accounts.models import Account
from qunce.members.message_texts import message_texts

MODE_TONES = {Mode.ACT: "good", Mode.PROPOSE: "info", Mode.OBSERVE: "", Mode.OFF: ""}


@dataclass(frozen=True)
class Part:
    """A piece of a text, marked if it is evidence."""

    text: str
    is_marked: bool = False


@dataclass(frozen=True)
class Reason:
    """What one check found, in sentences."""

    rule: str
    sentences: Sequence[str]
    is_guess: bool


@dataclass(frozen=True)
class Line:
    """A message around that of a case."""

    name: str
    text: str
    at: datetime
    is_own: bool


@dataclass(frozen=True)
class CaseCard:
    """A case with what a person needs to decide it."""

    case: Case
    parts: Sequence[Part]
    reasons: Sequence[Reason]
    consequence: str
    member: Account | None
    context: Sequence[Line] = ()
    reports: int = 0
    is_listed: bool = False
    trust: str = ""
    earlier: Sequence[Case] = ()
    may_decide: bool = False
    may_undo: bool = False
    choices: Sequence[tuple[str, str]] = ()
    done: Sequence[ActionRow] = ()


@dataclass(frozen=True)
class ActionRow:
    label: str
    state: str
    tone: str
    result: str
    at: datetime | None


@dataclass(frozen=True)
class RuleRow:
    """A rule with how often it was right, and what it would have done."""

    rule: Rule
    tone: str
    checks: str
    precision: Precision | None
    tried: str
    is_tried: bool
    note: str = ""
    conditions: Sequence[str] = field(default=())

    @property
    def percent(self) -> int | None:
        value = self.precision.value if self.precision else None
        return None if value is None else round(100 * value)


def action_label(kind: str) -> str:
    labels_by_kind = {
        "delete": Rung.DELETE.label,
        "mute": Rung.MUTE.label,
        "kick": Rung.KICK.label,
        "ban": Rung.BAN.label,
        "unmute": _("let write again"),
        "unban": _("end the ban"),
        "invite": _("invite back"),
        "close_door": _("close the group for newcomers"),
        "open_door": _("open the group for newcomers"),
        "undo": _("undo what a rule did"),
    }
    return str(labels_by_kind.get(kind, kind))


def result_label(code: str) -> str:
    """What a code of the executor or of a channel means."""
    return {
        "": "",
        "no_right": _("our account lacks the right"),
        "stronger_user": _("the member has as many rights as our account"),
        "not_connected": _("the channel is not connected"),
        "not_supported": _("the channel cannot do this"),
        "channel_down": _("the channel could not be reached"),
        "by_hand": _("done by hand"),
        "taken_back": _("was withdrawn"),
        "too_late": _("would have ended already"),
        "muted_longer": _("a later mute lasts longer"),
        "staff": _("works here"),
        "owner": _("owns the group"),
        "volunteer": _("is a volunteer"),
        "whitelist": _("is on the whitelist"),
        "hidden": _("a case for staff who see this member"),
    }.get(code, code)


# Texts with evidence


def mark(text: str, evidence: Sequence[Evidence]) -> list[Part]:
    """The text in parts, with what was found marked."""
    spans = sorted(
        (each.start, each.end)
        for each in evidence
        if each.place == "text" and 0 <= each.start < each.end <= len(text)
    )
    parts: list[Part] = []
    place = 0
    for start, end in spans:
        if end <= place:
            continue
        if start > place:
            parts.append(Part(text[place:start]))
        parts.append(Part(text[max(start, place) : end], is_marked=True))
        place = end
    if place < len(text):
        parts.append(Part(text[place:]))
    return parts


def load_findings(case: Case) -> list[tuple[str, Finding]]:
    """The rule and the finding of each row; a check that is gone is left out."""
    loaded = []
    for row in case.findings:
        try:
            loaded.append((str(row["name"]), base.load_finding(row)))
        except (errors.QunceError, KeyError, TypeError):
            continue
    return loaded


def reasons_of(found: Sequence[tuple[str, Finding]]) -> list[Reason]:
    return [
        Reason(name, base.list_sentences(finding), not finding.may_act)
        for name, finding in found
    ]


# Cases


def consequence(rung: str, minutes: int | None) -> str:
    if rung == Rung.MUTE and minutes is not None:
        return _("mute for %(n)s minutes") % {"n": f"{minutes:,}"}
    return str(Rung(rung).label)


def card(request: http.Request, case: Case, *, is_full: bool = False) -> CaseCard:
    """The card of a case that the user sees; `is_full` adds what was done and before."""
    by, at = request.staff, request.at
    may_read = permissions.may(by, message_texts.READ)
    found = load_findings(case) if may_read else []
    evidence = [each for _name, finding in found for each in finding.evidence]
    member = Account.objects.filter(pk=case.responsible_id or 0).first()
    reports = member_reports.list_of(case, by=by, at=at)
    return CaseCard(
        case=case,
        parts=mark(case.text, evidence) if may_read else (),
        reasons=reasons_of(found),
        consequence=consequence(case.rung, case.minutes),
        member=member,
        context=_context(request, case),
        reports=len(reports),
        is_listed=_is_listed(case, request),
        trust=_trust(reports),
        earlier=_earlier(request, case) if is_full else (),
        may_decide=case_decisions.may_decide(case, by) and case.state != "acted",
        may_undo=case.state in ("acted", "confirmed")
        and permissions.may(by, "moderation.decide"),
        choices=[
            (rung.value, str(rung.label)) for rung in case_decisions.list_choices(case)
        ],
        done=_actions(case) if is_full else (),
    )


def _is_listed(case: Case, request: http.Request) -> bool:
    """Whether who wrote a pasted message that waits is on the blacklist."""
    if case.source != CaseSource.PASTED or case.state != CaseState.OPEN:
        return False
    found = pasted_messages.find_listed(case, by=request.staff, at=request.at)
    return found is not None


def _trust(reports: Sequence[Any]) -> str:
    """How often staff agreed with those who reported it, all together."""
    right = settled = 0
    for row in reports[:30]:
        trust = member_reports.trust_of(row.account_id)
        right, settled = right + trust.right, settled + trust.settled
    if not settled:
        return ""
    return _("staff agreed with %(right)s of %(settled)s earlier reports of theirs") % {
        "right": right,
        "settled": settled,
    }


def _context(request: http.Request, case: Case) -> list[Line]:
    rows = cases.list_context(case, by=request.staff, at=request.at)
    names = dict(
        Account.objects.filter(pk__in={row.account_id for row in rows}).values_list(
            "pk", "name"
        )
    )
    return [
        Line(
            name=names.get(row.account_id, ""),
            text=row.text[:300],
            at=row.happened_at,
            is_own=row.account_id == case.responsible_id
            and row.text[:300] == case.text[:300],
        )
        for row in rows
    ]


def _earlier(request: http.Request, case: Case) -> list[Case]:
    if case.responsible_id is None:
        return []
    found = cases.list_of_member(case.responsible_id, by=request.staff, at=request.at)
    return [each for each in found if each.pk != case.pk][:10]


def _actions(case: Case) -> list[ActionRow]:
    tones = {ActionState.DONE: "good", ActionState.FAILED: "bad"}
    return [
        ActionRow(
            action_label(row.kind),
            str(ActionState(row.state).label),
            tones.get(ActionState(row.state), ""),
            result_label(row.result),
            row.done_at,
        )
        for row in Action.objects.filter(case=case).order_by("pk")
    ]


# Rules


def rule_rows(request: http.Request, listed: Sequence[Rule]) -> list[RuleRow]:
    counted = precision.of_rules(request.staff, request.at)
    names = dict(
        group_visibility.list_visible(request.staff).values_list("key", "name")
    )
    return [_rule_row(rule, counted.get(rule.pk), names, request) for rule in listed]


def dropped_rules(by: Staff) -> list[tuple[Rule, str]]:
    """The rules that only propose since they were wrong too often, each with its note."""
    return [(rule, precision.note_of(rule, by)) for rule in precision.list_dropped(by)]


def _rule_row(
    rule: Rule,
    own: Precision | None,
    names: Mapping[str, str],
    request: http.Request,
) -> RuleRow:
    run = shadow_runs.find_latest(rule)
    return RuleRow(
        rule=rule,
        tone=MODE_TONES[Mode(rule.mode)],
        checks=_(", ").join(str(base.get(each["check"]).label) for each in rule.checks),
        precision=own,
        tried=_tried_text(run, request) if run else "",
        note=precision.note_of(rule, request.staff),
        is_tried=rule.shadow_version == rule.version,
        conditions=condition_phrases(rule.conditions, names, request),
    )


def _tried_text(run: ShadowRun, request: http.Request) -> str:
    """What a shadow run found; its figures are of the whole community."""
    if request.staff.is_scoped:
        return _("This version was tried on past messages.")
    return shadow_runs.sentence(run.hits, run.total)


def condition_phrases(
    conditions: Mapping[str, Any], names: Mapping[str, str], request: http.Request
) -> list[str]:
    """The conditions in words; groups that the user does not see are counted only."""
    phrases = []
    if keys := conditions.get("groups"):
        seen = [names[key] for key in keys if key in names]
        hidden = len(keys) - len(seen)
        listed = [*seen, *([_("%(n)s more") % {"n": hidden}] if hidden else [])]
        phrases.append(_(", ").join(listed))
    if days := conditions.get("newcomer_days"):
        phrases.append(_("newcomers of up to %(n)s days") % {"n": days})
    if hours := conditions.get("hours"):
        phrases.append(f"{hours[0]}–{hours[1]}")
    if conditions.get("members") is not None:
        phrases.append(labels.describe_rule(request.staff, conditions["members"]))
    return phrases
