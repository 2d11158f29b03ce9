"""Requests and gates as their pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import pgettext

from qunce.console import http
from qunce.groups.entry import gate_terms, gates
from qunce.groups.entry.models import EntryGate, EntryRequest, State
from qunce.groups.moderation.models import ActionState
from qunce.members.accounts import masking
from qunce.members.accounts.models import Account

BY_HAND = (ActionState.WITH_STAFF, ActionState.FAILED)


@dataclass(frozen=True)
class Row:
    """`asked` is what the newcomer is asked now; `task` what staff do in the chat."""

    request: EntryRequest
    name: str
    asked: str
    is_asked: bool
    task: str


def rows(request: http.Request, found: Sequence[EntryRequest]) -> list[Row]:
    keys = dict(
        Account.objects.filter(pk__in=[row.account_id for row in found]).values_list(
            "pk", "key"
        )
    )
    by_group = {gate.group_id: gate for gate in gates.list_visible(request.staff)}
    return [
        Row(
            row,
            row.name or masking.key(keys.get(row.account_id, ""), request.staff),
            step_text(by_group.get(row.group_id), row, request.at),
            row.state == State.WAITING and gate_terms.is_asked(row.step),
            _task(row),
        )
        for row in found
    ]


def step_text(gate: EntryGate | None, row: EntryRequest, at: datetime) -> str:
    """What a waiting person is asked, or waits for."""
    if row.state != State.WAITING or gate is None:
        return ""
    if row.step == gate_terms.KEYWORD:
        return pgettext("entry gate", "the keyword")
    if row.step == gate_terms.APPROVAL:
        return pgettext("entry gate", "approval by staff")
    question = gates.terms_of(gate, at).question_of(row.step)
    return question.text if question else ""


def _task(row: EntryRequest) -> str:
    if row.action is None or row.action.state not in BY_HAND:
        return ""
    if row.action.kind == "invite":
        return pgettext("entry gate", "Let them in by hand")
    return pgettext("entry gate", "Remove them by hand")


def parts(gate: EntryGate | None) -> list[str]:
    """What a gate asks, in few words."""
    if gate is None:
        return []
    found = []
    if gate.keywords:
        found.append(pgettext("entry gate", "keyword"))
    if gate.questions:
        found.append(pgettext("entry gate", "questions"))
    if gate.rule is not None:
        found.append(pgettext("entry gate", "threshold"))
    if gate.needs_approval:
        found.append(pgettext("entry gate", "approval"))
    return found
