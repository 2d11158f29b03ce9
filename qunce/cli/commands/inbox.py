"""`qunce inbox`: conversations that wait for an answer."""

from __future__ import annotations

from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core.staff import staff
from qunce.members.accounts import queries as account_queries
from qunce.outreach.replies import answers, conversations, threads
from qunce.outreach.replies.conversations import Filters
from qunce.outreach.replies.models import (
    CHOSEN_REASONS,
    Conversation,
    Kind,
    State,
    Way,
)

CONVERSATION_HELP = N_("number of the conversation")

inbox = base.Group("inbox")


def _to_json(row: Conversation, name: str) -> dict[str, Any]:
    times = ("opened_at", "last_at", "due_at", "late_at", "ended_at")
    moments = {field: getattr(row, field) for field in times}
    return {
        "id": row.pk,
        "kind": row.kind,
        "channel": row.channel,
        "member_id": row.account_id,
        "name": name,
        "group_id": row.group_id or None,
        "state": row.state,
        "reason": row.reason,
        "staff": row.staff.login if row.staff else "",
        **{field: at.isoformat() if at else None for field, at in moments.items()},
    }


def _format(row: dict[str, Any]) -> str:
    state, kind = State(row["state"]).label, Kind(row["kind"]).label
    staff_login = f" → {row['staff']}" if row["staff"] else ""
    return f"{row['id']:>6} {state} · {kind} · {row['name']}{staff_login}"


def _get(invocation: Invocation, number: int) -> Conversation:
    return conversations.get(pk=number, **invocation.verb_args)


def _name_of(row: Conversation) -> str:
    return dict(account_queries.list_names([row.account_id])).get(row.account_id, "")


def _answer(invocation: Invocation, row: Conversation, *lines: str) -> None:
    record = _to_json(row, _name_of(row))
    invocation.out.answer(record, _format(record), *lines)


@inbox.command("list", help=N_("List conversations, first what is due soonest"))
@base.option(
    "--state",
    type=click.Choice(State.values),
    default=State.WAITING.value,
    help=N_("waiting, answered or closed"),
)
@base.option("--staff", "login", help=N_("login of the colleague who answers"))
@base.option("--late", is_flag=True, help=N_("those that nobody answered in time"))
@options.pass_invocation
def list_conversations(
    invocation: Invocation, state: str, login: str | None, late: bool
) -> None:
    filters = Filters(
        states=(state,),
        staff=staff.get_by_login(invocation.by, login).pk if login else None,
        late_at=invocation.at if late else None,
    )
    found = conversations.list_visible(filters=filters, **invocation.verb_args)
    names = dict(account_queries.list_names([row.account_id for row in found]))
    rows = [_to_json(row, names.get(row.account_id, "")) for row in found]
    invocation.out.write_list("conversations", rows, _format)


@inbox.command("show", help=N_("Show a conversation with what was said in its chat"))
@base.argument("conversation", type=int, help=CONVERSATION_HELP)
@options.pass_invocation
def show(invocation: Invocation, conversation: int) -> None:
    row = _get(invocation, conversation)
    thread = threads.load(conversation=row, **invocation.verb_args)
    name = _name_of(row)
    entries = [
        {
            "at": entry.at.isoformat(),
            "text": entry.text,
            "is_own": entry.is_own,
            "by": entry.answer.by.login if entry.answer else "",
            "waits": entry.is_new,
        }
        for entry in thread.entries
    ]
    record = _to_json(row, name)
    lines = [
        f"{name if each['is_own'] else each['by']}: {each['text']}" for each in entries
    ]
    if not thread.may_read:
        lines.append(_("You may not read what members wrote."))
    invocation.out.answer({**record, "entries": entries}, _format(record), *lines)


@inbox.command("assign", help=N_("Set who is to answer a conversation"))
@base.argument("conversation", type=int, help=CONVERSATION_HELP)
@base.argument("login", required=False, help=N_("login; nobody without it"))
@options.pass_invocation
def assign(invocation: Invocation, conversation: int, login: str | None) -> None:
    row = _get(invocation, conversation)
    who = staff.get_by_login(invocation.by, login) if login else None
    conversations.assign(conversation=row, staff=who, **invocation.verb_args)
    _answer(invocation, row)


@inbox.command("answer", help=N_("Answer through the channel, or as sent by hand"))
@base.argument("conversation", type=int, help=CONVERSATION_HELP)
@base.argument("text", help=N_("the answer"))
@options.pass_invocation
def answer(invocation: Invocation, conversation: int, text: str) -> None:
    row = _get(invocation, conversation)
    sent = answers.send(conversation=row, text=text, **invocation.verb_args)
    _answer(invocation, row, str(Way(sent.way).label))


@inbox.command("close", help=N_("Close a conversation without an answer"))
@base.argument("conversation", type=int, help=CONVERSATION_HELP)
@base.argument(
    "reason",
    type=click.Choice([str(each.value) for each in CHOSEN_REASONS]),
    help=N_("why it needs no answer"),
)
@options.pass_invocation
def close(invocation: Invocation, conversation: int, reason: str) -> None:
    row = _get(invocation, conversation)
    conversations.close(conversation=row, reason=reason, **invocation.verb_args)
    _answer(invocation, row)


@inbox.command("reopen", help=N_("Let a conversation wait for an answer again"))
@base.argument("conversation", type=int, help=CONVERSATION_HELP)
@options.pass_invocation
def reopen(invocation: Invocation, conversation: int) -> None:
    row = _get(invocation, conversation)
    conversations.reopen(conversation=row, **invocation.verb_args)
    _answer(invocation, row)
