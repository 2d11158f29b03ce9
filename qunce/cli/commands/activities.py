"""`qunce activities`: their states and results, entries by hand, and pasted lines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.activities import pasted_lines, results
from qunce.activities.activities import activities as activity_store
from qunce.activities.activities import lifecycle
from qunce.activities.activities.models import Activity, State, Way
from qunce.activities.check_ins import card_sales
from qunce.activities.kinds import base as kinds
from qunce.activities.kinds.base import SettingField
from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import money
from qunce.groups import visibility as group_visibility
from qunce.members.people import named_members
from qunce.sets.rules import tree

ACTIVITY_HELP = N_("number of the activity")
REASON_HELP = N_("why; members read it")

activities = base.Group("activities")


def _to_json(activity: Activity) -> dict[str, Any]:
    names = ("public_id", "kind", "name", "state", "lesson", "reason")
    return {
        "id": activity.pk,
        **{name: getattr(activity, name) for name in names},
        "starts_at": activity.starts_at.isoformat(),
        "ends_at": activity.ends_at.isoformat() if activity.ends_at else None,
    }


def _format(row: dict[str, Any]) -> str:
    return f"{row['id']:>6} {State(row['state']).label} · {row['kind']} · {row['name']}"


def _get(invocation: Invocation, number: int) -> Activity:
    return activity_store.get(by=invocation.by, pk=number)


def _answer(invocation: Invocation, activity: Activity) -> None:
    row = _to_json(activity)
    invocation.out.answer(row, _format(row))


@activities.command("list", help=N_("List activities, the newest first"))
@base.option("--state", type=click.Choice(State.values), help=N_("only in this state"))
@options.pass_invocation
def list_activities(invocation: Invocation, state: str | None) -> None:
    rows = activity_store.list_visible(invocation.by)
    if state:
        rows = rows.filter(state=state)
    found = [_to_json(row) for row in rows[:1_000]]
    invocation.out.write_list("activities", found, _format)


@activities.command("show", help=N_("Show an activity with its rules and results"))
@base.argument("activity", type=int, help=ACTIVITY_HELP)
@options.pass_invocation
def show(invocation: Invocation, activity: int) -> None:
    found = _get(invocation, activity)
    invocation.derive()
    numbers = results.collect(activity=found, **invocation.verb_args)
    metrics = {each.key: each.value for each in numbers.metrics}
    row = _to_json(found) | {
        "rules": kinds.get(found.kind).describe(found),
        "people": numbers.people,
        "typed": numbers.typed,
        "left": numbers.left,
        "metrics": metrics,
    }
    lines = [f"  {line}" for line in row["rules"]]
    lines.append(_("%(n)s members") % {"n": f"{numbers.people:,}"})
    lines += [f"{each.label}: {each.value}" for each in numbers.metrics]
    invocation.out.answer(row, _format(row), *lines)


@activities.command("kinds", help=N_("List the kinds of activities, with settings"))
@options.pass_invocation
def list_kinds(invocation: Invocation) -> None:
    rows = [
        {
            "key": kind.key,
            "label": str(kind.label),
            "keywords": list(kind.keywords),
            "settings": [_describe(each) for each in kind.settings_form],
        }
        for kind in kinds.list_kinds()
    ]
    invocation.out.write_list(
        "kinds", rows, lambda row: f"{row['key']:<16} {row['label']}"
    )


def _describe(setting: SettingField) -> dict[str, Any]:
    columns = [_describe(column) for column in setting.columns]
    return {
        "name": setting.name,
        "label": str(setting.label),
        "type": setting.type,
        "default": setting.default,
        **({"columns": columns} if columns else {}),
    }


@activities.command("create", help=N_("Create the draft of an activity"))
@base.argument("kind", help=N_("kind, as in “activities kinds”"))
@base.argument("name", help=N_("name that members read"))
@base.option("--starts", required=True, help=N_("start, such as 2026-03-05T20:00"))
@base.option("--ends", help=N_("end; without it you close the activity"))
@base.option("--text", default="", help=N_("what members read"))
@base.option(
    "--may-join",
    "may_join",
    help=N_("rule for the members who may join; all without it"),
)
@base.option("--refusal", default="", help=N_("what others read"))
@base.option("--notified", help=N_("rule for the members to notify; nobody without it"))
@base.option(
    "--group", "groups", multiple=True, help=N_("key of a group; all without it")
)
@base.option("--points-limit", type=int, help=N_("budget in points; no limit without"))
@base.option("--money-limit", help=N_("budget such as 500.00; no limit without it"))
@base.option("--settings", default="{}", help=N_("settings of the kind, as JSON"))
@options.pass_invocation
def create(
    invocation: Invocation,
    starts: str,
    ends: str | None,
    may_join: str | None,
    notified: str | None,
    groups: tuple[str, ...],
    money_limit: str | None,
    settings: str,
    **fields: Any,
) -> None:
    community = invocation.community
    if may_join is not None:
        fields["may_join"] = options.parse_rule(may_join)
    if money_limit is not None:
        fields["money_limit"] = money.parse_units(money_limit, community.currency)
    created = activity_store.create(
        starts_at=options.parse_time(starts, community),
        ends_at=options.parse_time(ends, community) if ends else None,
        notified=options.parse_rule(notified) if notified is not None else None,
        groups=[group_visibility.get_by_key(invocation.by, key).pk for key in groups],
        settings=_parse_settings(settings),
        **fields,
        **invocation.query_args,
    )
    _answer(invocation, created)


def _parse_settings(text: str) -> dict[str, Any]:
    try:
        settings = json.loads(text, object_pairs_hook=tree.refuse_duplicates)
    except ValueError as error:
        raise click.BadParameter(
            _("Write the settings as JSON: %(why)s.") % {"why": error}
        ) from None
    if not isinstance(settings, dict):
        raise click.BadParameter(_("Settings are an object, such as {}."))
    return settings


def _step(
    name: str, help_text: str, verb: Callable[..., object], *, has_reason: bool = False
) -> None:
    """Add the command of a step, with a reason if it needs one."""

    def run(invocation: Invocation, activity: int, **given: str) -> None:
        found = _get(invocation, activity)
        verb(activity=found, **given, **invocation.verb_args)
        found.refresh_from_db()
        _answer(invocation, found)

    command: Any = options.pass_invocation(run)
    if has_reason:
        command = base.argument("reason", help=REASON_HELP)(command)
    command = base.argument("activity", type=int, help=ACTIVITY_HELP)(command)
    activities.command(name, help=help_text)(command)


_step("submit", N_("Submit a draft for approval"), lifecycle.submit)
_step("approve", N_("Approve and publish as a second person"), lifecycle.approve)
_step("reject", N_("Make it a draft again"), lifecycle.reject, has_reason=True)
_step("pause", N_("Pause a running activity"), lifecycle.pause, has_reason=True)
_step("resume", N_("Let it go on"), lifecycle.resume)
_step("close", N_("Close an activity that has no end"), lifecycle.close)
_step("settle", N_("Note that all is handed over"), lifecycle.settle)
_step(
    "cancel",
    N_("Cancel a draft; two people cancel what is published"),
    lifecycle.cancel,
    has_reason=True,
)


@activities.command("review", help=N_("Write down what was learned"))
@base.argument("activity", type=int, help=ACTIVITY_HELP)
@base.argument("lesson", help=N_("one line for the next time"))
@options.pass_invocation
def review(invocation: Invocation, activity: int, lesson: str) -> None:
    found = _get(invocation, activity)
    lifecycle.review(activity=found, lesson=lesson, **invocation.verb_args)
    _answer(invocation, found)


@activities.command("enter", help=N_("Let a member take part by word of mouth"))
@base.argument("activity", type=int, help=ACTIVITY_HELP)
@base.argument("member", help=N_("key, phone or e-mail address of the member"))
@base.option("--said", default="", help=N_("what the member says"))
@base.option("--key", help=N_("the same key counts once; day and words without it"))
@options.pass_invocation
def enter(
    invocation: Invocation, activity: int, member: str, said: str, key: str | None
) -> None:
    found = _get(invocation, activity)
    account = named_members.get_by_key(key=member, **invocation.verb_args)
    invocation.derive()
    reply = kinds.take_part(
        activity=found,
        account_id=account.pk,
        way=Way.STAFF,
        said=said,
        key=key or _key_of(said, found.community.day(invocation.at)),
        **invocation.verb_args,
    )
    row = {
        "text": reply.text,
        "accepted": reply.accepted,
        "repeated": reply.is_repeated,
    }
    lines = [reply.text]
    if reply.is_repeated:
        lines.append(
            _("This was entered before. Give another --key to enter it again.")
        )
    invocation.out.answer(row, *lines)


def _key_of(said: str, day: int) -> str:
    """The same words of a day count once; other words are another attempt."""
    digest = hashlib.sha256(said.encode(errors="replace")).hexdigest()[:16]
    return f"day-{day}-{digest}" if said else f"day-{day}"


@activities.command("paste", help=N_("Take the lines of a copied chat"))
@base.argument("activity", type=int, help=ACTIVITY_HELP)
@base.argument("group", help=N_("key of the group"))
@base.argument(
    "file",
    default="-",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help=N_("file with the lines; the input without it"),
)
@options.pass_invocation
def paste(invocation: Invocation, activity: int, group: str, file: Path) -> None:
    found = _get(invocation, activity)
    chosen = group_visibility.get_by_key(invocation.by, group)
    with click.open_file(str(file), encoding="utf-8") as lines:
        text = lines.read(pasted_lines.MAX_PASTED + 1)
    invocation.derive()
    result = pasted_lines.paste(
        activity=found, group=chosen, text=text, **invocation.verb_args
    )
    row = {
        "taken": result.counts["taken"],
        "unsure": result.counts["unsure"],
        "refused": result.counts["refused"],
        "known": result.known,
        "others": result.others,
    }
    template = _(
        "Taken: %(taken)s · unsure: %(unsure)s · refused: %(refused)s · pasted before: "
        "%(known)s · about something else: %(others)s"
    )
    invocation.out.answer(row, template % row)


CARD_KEY_HELP = N_("a key of your own; with the same key it happens once")


@activities.command("buy-card", help=N_("Let a member buy a make-up card with points"))
@base.argument("activity", type=int, help=ACTIVITY_HELP)
@base.argument("member", help=N_("key, phone or e-mail address of the member"))
@base.option("--key", required=True, help=CARD_KEY_HELP)
@options.pass_invocation
def buy_card(invocation: Invocation, activity: int, member: str, key: str) -> None:
    account = named_members.get_by_key(key=member, **invocation.verb_args)
    invocation.derive()
    card = card_sales.buy(
        activity=_get(invocation, activity),
        account_id=account.pk,
        key=key,
        **invocation.verb_args,
    )
    row = {"card": card.pk, "member_id": card.account_id}
    invocation.out.answer(row, _("Card %(number)s is bought.") % {"number": card.pk})


@activities.command(
    "give-back-card", help=N_("Take back a bought card, and give its points back")
)
@base.argument("activity", type=int, help=ACTIVITY_HELP)
@base.argument("card", type=int, help=N_("number of the card"))
@options.pass_invocation
def give_back_card(invocation: Invocation, activity: int, card: int) -> None:
    found = card_sales.get(
        activity=_get(invocation, activity), pk=card, **invocation.verb_args
    )
    is_new = card_sales.give_back(card=found, **invocation.verb_args)
    text = _("Given back.") if is_new else _("It was given back before.")
    invocation.out.answer({"card": found.pk, "is_new": is_new}, text)
