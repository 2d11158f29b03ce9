"""`qunce complaints`: complaints and after-sales cases."""

from __future__ import annotations

from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core.staff import staff
from qunce.groups.complaints import complaint_list
from qunce.groups.complaints import complaints as complaint_verbs
from qunce.groups.complaints.complaint_list import Filters
from qunce.groups.complaints.models import WAITING, Complaint, Outcome, State

CASE_HELP = N_("number of the case")

complaints = base.Group("complaints")


def _to_json(case: Complaint) -> dict[str, Any]:
    names = ("kind", "source", "topic", "title", "text", "order", "state", "outcome")
    times = ("opened_at", "due_at", "late_at", "answered_at", "closed_at")
    moments = {name: getattr(case, name) for name in times}
    return {
        "id": case.pk,
        **{name: getattr(case, name) for name in names},
        "member_id": case.account_id,
        "group": case.group.key if case.group else None,
        "owner": case.owner.login if case.owner else "",
        **{name: at.isoformat() if at else None for name, at in moments.items()},
    }


def _format(case: Complaint) -> str:
    state = State(case.state).label
    return f"{case.pk:>6} {state} · {complaint_list.heading(case)}"


def _get(invocation: Invocation, number: int) -> Complaint:
    return complaint_list.get(pk=number, **invocation.verb_args)


def _answer(invocation: Invocation, case: Complaint) -> None:
    invocation.out.answer(_to_json(case), _format(case))


@complaints.command(
    "list", help=N_("List cases, first what has to be answered soonest")
)
@base.option("--state", type=click.Choice(State.values), help=N_("state of the cases"))
@base.option("--late", is_flag=True, help=N_("those that nobody answered in time"))
@base.option("--search", "query", default="", help=N_("words of the case"))
@options.pass_invocation
def list_cases(
    invocation: Invocation, state: str | None, late: bool, query: str
) -> None:
    states = (state,) if state else (*WAITING, State.ANSWERED)
    filters = Filters(
        states=tuple(map(str, states)),
        late_at=invocation.at if late else None,
        query=query,
    )
    found = complaint_list.list_visible(filters=filters, **invocation.verb_args)
    if invocation.out.as_json:
        invocation.out.write_list("complaints", map(_to_json, found))
    else:
        invocation.out.write_list("complaints", found, _format)


@complaints.command("show", help=N_("Show a case with its notes and messages"))
@base.argument("case", type=int, help=CASE_HELP)
@options.pass_invocation
def show(invocation: Invocation, case: int) -> None:
    found = _get(invocation, case)
    notes = [
        {"at": note.at.isoformat(), "by": note.by.login, "text": note.text}
        for note in complaint_list.list_notes(found, **invocation.verb_args)
    ]
    messages = [
        {
            "at": each.row.happened_at.isoformat(),
            "words": each.row.words,
            "text": each.quote.text if each.quote else None,
        }
        for each in complaint_list.list_messages(found, **invocation.verb_args)
    ]
    invocation.out.answer(
        _to_json(found) | {"notes": notes, "messages": messages},
        _format(found),
        *filter(None, [found.text]),
        *(f"> {each['text']}" for each in messages if each["text"]),
        *(f"{note['by']}: {note['text']}" for note in notes),
    )


@complaints.command("assign", help=N_("Set who answers a case"))
@base.argument("case", type=int, help=CASE_HELP)
@base.argument("login", required=False, help=N_("login; nobody without it"))
@options.pass_invocation
def assign(invocation: Invocation, case: int, login: str | None) -> None:
    found = _get(invocation, case)
    owner = staff.get_by_login(invocation.by, login) if login else None
    complaint_verbs.assign(complaint=found, staff=owner, **invocation.verb_args)
    _answer(invocation, found)


@complaints.command("start", help=N_("Take a case into work"))
@base.argument("case", type=int, help=CASE_HELP)
@options.pass_invocation
def start(invocation: Invocation, case: int) -> None:
    found = _get(invocation, case)
    complaint_verbs.start(complaint=found, **invocation.verb_args)
    _answer(invocation, found)


@complaints.command("answer", help=N_("Note what the member was answered"))
@base.argument("case", type=int, help=CASE_HELP)
@base.argument("text", help=N_("the answer"))
@options.pass_invocation
def answer(invocation: Invocation, case: int, text: str) -> None:
    found = _get(invocation, case)
    complaint_verbs.answer(complaint=found, text=text, **invocation.verb_args)
    _answer(invocation, found)


@complaints.command("close", help=N_("Close a case with its outcome"))
@base.argument("case", type=int, help=CASE_HELP)
@base.argument(
    "outcome",
    type=click.Choice(Outcome.values),
    help=N_("what came of it"),
)
@base.option("--text", default="", help=N_("note for staff"))
@options.pass_invocation
def close(invocation: Invocation, case: int, outcome: str, text: str) -> None:
    found = _get(invocation, case)
    complaint_verbs.close(
        complaint=found, outcome=outcome, text=text, **invocation.verb_args
    )
    outcome_text = _("Outcome: %(outcome)s.") % {"outcome": Outcome(outcome).label}
    invocation.out.answer(_to_json(found), _format(found), outcome_text)


@complaints.command("reopen", help=N_("Open a case again"))
@base.argument("case", type=int, help=CASE_HELP)
@options.pass_invocation
def reopen(invocation: Invocation, case: int) -> None:
    found = _get(invocation, case)
    complaint_verbs.reopen(complaint=found, **invocation.verb_args)
    _answer(invocation, found)
