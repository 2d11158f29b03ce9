"""`qunce gates`: what groups ask of newcomers, and who waits to be let in."""

from __future__ import annotations

import json
from typing import Any

import click
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.groups import visibility
from qunce.groups.entry import gates as gate_store
from qunce.groups.entry import requests
from qunce.groups.entry.models import EntryGate, EntryRequest, Reason, State
from qunce.groups.groups import Group
from qunce.members.rule_text import contact_masks

GROUP_HELP = N_("key of the group")
REQUEST_HELP = N_("number of the request")

gates = base.Group("gates")


def _get_group(invocation: Invocation, key: str) -> Group:
    return visibility.get_by_key(invocation.by, key)


def _to_json(gate: EntryGate, invocation: Invocation) -> dict[str, Any]:
    fields = {name: getattr(gate, name) for name in gate_store.FIELDS}
    fields["rule"] = contact_masks.masked(gate.rule, invocation.by)
    return {"group": gate.group.key, "is_on": gate.is_on} | fields


def _answer(invocation: Invocation, gate: EntryGate) -> None:
    state = pgettext("gate", "on") if gate.is_on else pgettext("gate", "off")
    lines = [f"{gate.group.name}: {state}"]
    if gate.keywords:
        words = _(", ").join(gate.keywords)
        lines.append(_("Keyword: %(words)s") % {"words": words})
    if gate.asked_survey is not None and gate.survey:
        lines.append(_("Survey: %(name)s") % {"name": gate.asked_survey.name})
    lines += [
        f"{number}. {question['text']}"
        for number, question in enumerate(gate.questions, 1)
    ]
    if gate.rule is not None:
        lines.append(_("There is a threshold that members must meet."))
    if gate.note:
        lines.append(_("Threshold in words: %(note)s") % {"note": gate.note})
    if gate.needs_approval:
        lines.append(_("Staff approve each newcomer."))
    invocation.out.answer(_to_json(gate, invocation), *lines)


@gates.command("list", help=N_("List the gates of groups"))
@options.pass_invocation
def list_gates(invocation: Invocation) -> None:
    rows = list(gate_store.list_visible(invocation.by))
    names = {gate.group.key: gate.group.name for gate in rows}
    steps = {
        gate.group.key: gate_store.terms_of(gate, invocation.at).steps for gate in rows
    }

    def format_row(row: dict[str, Any]) -> str:
        state = pgettext("gate", "on") if row["is_on"] else pgettext("gate", "off")
        key = row["group"]
        return f"{key:<24} {state:<4} {len(steps[key]):>3}  {names[key]}"

    listed = [_to_json(gate, invocation) for gate in rows]
    invocation.out.write_list("gates", listed, format_row)


@gates.command("show", help=N_("Show what the gate of a group asks"))
@base.argument("group", help=GROUP_HELP)
@options.pass_invocation
def show(invocation: Invocation, group: str) -> None:
    found = _get_group(invocation, group)
    gate = gate_store.find(found)
    unset = EntryGate(group=found, community=found.community)
    _answer(invocation, gate or unset)


@gates.command("set", help=N_("Change what a gate asks; what is left out stays"))
@base.argument("group", help=GROUP_HELP)
@base.option(
    "--keyword", "keywords", multiple=True, help=N_("word that is said; repeatable")
)
@base.option(
    "--questions", help=N_('JSON such as [{"text": "…", "answers": [{"words": []}]}]')
)
@base.option(
    "--survey", help=N_("id of the survey that is asked instead, empty for none")
)
@base.option("--rule", help=N_("threshold as a rule in JSON, @file or segment:KEY"))
@base.option("--note", help=N_("threshold in words, which newcomers read"))
@base.option(
    "--approval/--no-approval",
    "needs_approval",
    default=None,
    help=N_("whether staff approve each newcomer"),
)
@base.option("--wait-hours", type=int, help=N_("hours to answer"))
@base.option("--max-attempts", type=int, help=N_("wrong answers before the end"))
@options.pass_invocation
def set_terms(
    invocation: Invocation,
    group: str,
    keywords: tuple[str, ...],
    questions: str | None,
    rule: str | None,
    **fields: Any,
) -> None:
    given = {name: value for name, value in fields.items() if value is not None}
    if keywords:
        given["keywords"] = list(keywords)
    if questions is not None:
        given["questions"] = _parse_json(questions)
    if rule is not None:
        given["rule"] = options.parse_rule(rule)
    found = _get_group(invocation, group)
    _answer(
        invocation, gate_store.configure(group=found, **given, **invocation.verb_args)
    )


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise options.BadUsage(_("Write the questions as JSON.")) from None


@gates.command("start", help=N_("Switch a gate on for people who come from now on"))
@base.argument("group", help=GROUP_HELP)
@options.pass_invocation
def start(invocation: Invocation, group: str) -> None:
    found = _get_group(invocation, group)
    gate = gate_store.switch(group=found, is_on=True, **invocation.verb_args)
    _answer(invocation, gate)


@gates.command("stop", help=N_("Switch a gate off; those who wait keep waiting"))
@base.argument("group", help=GROUP_HELP)
@options.pass_invocation
def stop(invocation: Invocation, group: str) -> None:
    found = _get_group(invocation, group)
    gate = gate_store.switch(group=found, is_on=False, **invocation.verb_args)
    _answer(invocation, gate)


# Requests


def _request_to_json(row: EntryRequest) -> dict[str, Any]:
    return {
        "id": row.pk,
        "group": row.group.key,
        "name": row.name,
        "state": row.state,
        "reason": row.reason,
        "step": row.step,
        "answers": row.answers,
        "asked_at": row.asked_at.isoformat(),
    }


def _answer_request(invocation: Invocation, row: EntryRequest) -> None:
    text = f"{row.name} · {row.group.name}: {State(row.state).label}"
    if row.reason:
        text += f" ({Reason(row.reason).label})"
    invocation.out.answer(_request_to_json(row), text)


@gates.command("requests", help=N_("List who wants to enter, the latest first"))
@base.option("--group", "group_key", help=GROUP_HELP)
@base.option(
    "--state",
    type=click.Choice(State.values),
    default=State.WAITING.value,
    help=N_("waiting, passed, refused or expired"),
)
@options.pass_invocation
def list_requests(invocation: Invocation, group_key: str | None, state: str) -> None:
    rows = requests.list_visible(invocation.by).filter(state=state)
    if group_key is not None:
        rows = rows.filter(group=_get_group(invocation, group_key))
    found = requests.list_seen(rows, limit=1_000, **invocation.verb_args)
    invocation.out.write_list(
        "requests",
        [_request_to_json(row) for row in found],
        lambda row: f"{row['id']:>6} {row['group']:<24} {row['step']:<9} {row['name']}",
    )


def _get_request(invocation: Invocation, number: int) -> EntryRequest:
    return requests.get(pk=number, **invocation.verb_args)


@gates.command("let-in", help=N_("Let somebody in, whatever is left to ask"))
@base.argument("request", type=int, help=REQUEST_HELP)
@options.pass_invocation
def let_in(invocation: Invocation, request: int) -> None:
    row = _get_request(invocation, request)
    requests.let_in(request=row, **invocation.verb_args)
    _answer_request(invocation, row)


@gates.command("refuse", help=N_("Refuse somebody"))
@base.argument("request", type=int, help=REQUEST_HELP)
@options.pass_invocation
def refuse(invocation: Invocation, request: int) -> None:
    row = _get_request(invocation, request)
    requests.refuse(request=row, **invocation.verb_args)
    _answer_request(invocation, row)


@gates.command("done", help=N_("Record that somebody was let in or removed by hand"))
@base.argument("request", type=int, help=REQUEST_HELP)
@options.pass_invocation
def done(invocation: Invocation, request: int) -> None:
    row = _get_request(invocation, request)
    requests.mark_done(request=row, **invocation.verb_args)
    _answer_request(invocation, row)
