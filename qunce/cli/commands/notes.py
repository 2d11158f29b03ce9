"""`qunce notes`: notes of staff about a member, and follow-ups."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import communities
from qunce.core.staff import staff as staff_store
from qunce.members.accounts import queries as account_queries
from qunce.members.people import named_members
from qunce.members.people import notes as store
from qunce.members.people.notes import Note

MEMBER_HELP = N_("the member's key, phone number or e-mail address")
NOTE_HELP = N_("the note's number, as `qunce notes list` shows it")

notes = base.Group("notes")


@notes.command("list", help=N_("List the notes about a member, open follow-ups first"))
@base.argument("member", help=MEMBER_HELP)
@options.pass_invocation
def list_notes(invocation: Invocation, member: str) -> None:
    account = named_members.get_by_key(key=member, **invocation.verb_args)
    accounts = account_queries.account_ids_of_person(account.pk)
    _answer(invocation, store.list_of_person(accounts))


@notes.command("add", help=N_("Write a note about a member, or a follow-up"))
@base.argument("member", help=MEMBER_HELP)
@base.argument("text", help=N_("what is known"))
@base.option("--next-step", default="", help=N_("what is to be done"))
@base.option("--due", metavar="TIME", help=N_("when it is to be done"))
@base.option("--staff", "login", help=N_("login of who does it"))
@options.pass_invocation
def add(
    invocation: Invocation,
    member: str,
    text: str,
    next_step: str,
    due: str | None,
    login: str | None,
) -> None:
    account = named_members.get_by_key(key=member, **invocation.verb_args)
    note = store.create(
        account=account,
        text=text,
        next_step=next_step,
        due_at=options.parse_time(due, invocation.community) if due else None,
        staff=staff_store.get_by_login(invocation.by, login) if login else None,
        **invocation.verb_args,
    )
    _answer(invocation, [note])


@notes.command("complete", help=N_("Mark a follow-up as done"))
@base.argument("note", type=int, help=NOTE_HELP)
@options.pass_invocation
def complete(invocation: Invocation, note: int) -> None:
    found = store.get(pk=note, **invocation.verb_args)
    store.complete(note=found, **invocation.verb_args)
    _answer(invocation, [found])


@notes.command("reopen", help=N_("Open a follow-up again"))
@base.argument("note", type=int, help=NOTE_HELP)
@options.pass_invocation
def reopen(invocation: Invocation, note: int) -> None:
    found = store.get(pk=note, **invocation.verb_args)
    store.reopen(note=found, **invocation.verb_args)
    _answer(invocation, [found])


def _answer(invocation: Invocation, rows: list[Note]) -> None:
    zone = communities.zone(invocation.community)
    records: list[dict[str, Any]] = [
        {
            "id": note.pk,
            "text": note.text,
            "next_step": note.next_step,
            "due_at": note.due_at and note.due_at.astimezone(zone).isoformat(),
            "staff": note.staff.login if note.staff else None,
            "written_at": note.at.astimezone(zone).isoformat(),
            "written_by": note.by.login,
            "done_at": note.done_at and note.done_at.astimezone(zone).isoformat(),
        }
        for note in rows
    ]
    invocation.out.answer({"notes": records})
    for record in records:
        due = (
            f"{record['due_at'][:16]} {record['next_step']}" if record["due_at"] else ""
        )
        done = _("done") if record["done_at"] else ""
        parts = [f"{record['id']:>6}", record["written_by"], record["text"], due, done]
        invocation.out.line("  ".join(part for part in parts if part))
