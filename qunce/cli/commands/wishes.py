"""`qunce wishes`: who asked for what, and what became of it."""

from __future__ import annotations

from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.groups.wishes import wishes as wish_board
from qunce.groups.wishes.models import Kind, State, Wish
from qunce.members.people import named_members
from qunce.outreach import wish_answers

WISH_HELP = N_("number of the wish")

wishes = base.Group("wishes")


def _to_json(wish: Wish, members: int) -> dict[str, Any]:
    names = ("kind", "title", "text", "answer", "campaign", "state")
    return {
        "id": wish.pk,
        **{name: getattr(wish, name) for name in names},
        "merged_into": wish.merged_into_id,
        "members": members,
        "created_at": wish.created_at.isoformat(),
    }


def _format(row: dict[str, Any]) -> str:
    state = State(row["state"]).label
    return f"{row['id']:>6} {row['members']:>6,} {state} · {row['title']}"


def _get(invocation: Invocation, number: int) -> Wish:
    return wish_board.get(by=invocation.by, pk=number)


def _answer(invocation: Invocation, wish: Wish, *lines: str) -> None:
    people = wish_board.list_people(wish=wish, **invocation.verb_args)
    row = _to_json(wish, len(people))
    invocation.out.answer(row, _format(row), *lines)


@wishes.command("list", help=N_("List wishes, those of most members first"))
@base.option("--state", type=click.Choice(State.values), help=N_("state of the wishes"))
@base.option("--kind", type=click.Choice(Kind.values), help=N_("kind of the wishes"))
@base.option("--search", "query", default="", help=N_("words of the wish"))
@options.pass_invocation
def list_wishes(
    invocation: Invocation, state: str | None, kind: str | None, query: str
) -> None:
    found = wish_board.list_counted(
        state=state or "", kind=kind or "", query=query, **invocation.verb_args
    )
    rows = [_to_json(each.wish, each.members) for each in found]
    invocation.out.write_list("wishes", rows, _format)


@wishes.command("show", help=N_("Show a wish and what members said"))
@base.argument("wish", type=int, help=WISH_HELP)
@options.pass_invocation
def show(invocation: Invocation, wish: int) -> None:
    found = _get(invocation, wish)
    voices = wish_board.list_voices(wish=found, **invocation.verb_args)
    quoted = [f"> {voice.quote.text}" for voice in voices if voice.quote]
    _answer(invocation, found, *filter(None, [found.text, found.answer]), *quoted)


@wishes.command("add", help=N_("Write a wish down"))
@base.argument("title", help=N_("title"))
@base.option("--kind", type=click.Choice(Kind.values), help=N_("kind of the wish"))
@base.option("--text", default="", help=N_("what is wished"))
@base.option("--member", "keys", multiple=True, help=N_("key of who asked; repeatable"))
@options.pass_invocation
def add(
    invocation: Invocation,
    title: str,
    kind: str | None,
    text: str,
    keys: tuple[str, ...],
) -> None:
    people = [
        named_members.get_by_key(key=key, **invocation.verb_args).pk for key in keys
    ]
    fields: dict[str, Any] = {"kind": kind} if kind else {}
    wish = wish_board.create(title=title, text=text, **fields, **invocation.query_args)
    for account in people:
        wish_board.add_voice(wish=wish, account=account, **invocation.verb_args)
    _answer(invocation, wish)


@wishes.command("move", help=N_("Set what becomes of a wish"))
@base.argument("wish", type=int, help=WISH_HELP)
@base.argument("state", type=click.Choice(State.values), help=N_("the new state"))
@options.pass_invocation
def move(invocation: Invocation, wish: int, state: str) -> None:
    found = _get(invocation, wish)
    wish_board.change_state(wish=found, state=state, **invocation.verb_args)
    _answer(invocation, found)


@wishes.command(
    "answer", help=N_("Draft a campaign with the answer to those who asked")
)
@base.argument("wish", type=int, help=WISH_HELP)
@base.option("--text", help=N_("the answer; without it the one that is written down"))
@options.pass_invocation
def answer(invocation: Invocation, wish: int, text: str | None) -> None:
    found = _get(invocation, wish)
    if text is not None:
        wish_board.update(wish=found, answer=text, **invocation.verb_args)
    campaign = wish_answers.draft(wish=found, **invocation.verb_args)
    drafted = _("Draft of the campaign %(key)s. Nothing is sent yet.")
    _answer(invocation, found, drafted % {"key": campaign.key})
