"""`qunce playbooks`: list, show, create, rehearse, switch on, pause, stop, and ask why."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import errors
from qunce.members.people import named_members
from qunce.outreach.playbooks import (
    explanations,
    lifecycle,
    rehearsal,
    rehearsal_texts,
    resources,
    results,
    staff_notices,
    templates,
    variant_results,
)
from qunce.outreach.playbooks import playbooks as store
from qunce.outreach.playbooks.lifecycle import Choice, Existing, InFlight, Pause
from qunce.outreach.playbooks.models import Playbook
from qunce.outreach.playbooks.steps import base as steps

KEY_HELP = N_("key of the playbook")

playbooks = base.Group("playbooks")


def _find(invocation: Invocation, key: str) -> Playbook:
    return store.get_by_key(by=invocation.by, key=key)


def _answer(invocation: Invocation, playbook: Playbook, **more: Any) -> None:
    record = {
        "key": playbook.key,
        "name": playbook.name,
        "state": playbook.state,
        "version": playbook.version,
        **more,
    }
    counted = [f"{n:,}" for n in more.values()]
    label = playbook.get_state_display()
    invocation.out.answer(record, "  ".join([playbook.key, label, *counted]))


@playbooks.command("list", help=N_("List playbooks with how many are under way"))
@options.pass_invocation
def list_all(invocation: Invocation) -> None:
    rows = list(store.list_all(invocation.by)[:200])
    numbers = {row.pk: results.count(playbook=row, by=invocation.by) for row in rows}
    invocation.out.answer(
        {
            "playbooks": [
                {
                    "key": row.key,
                    "name": row.name,
                    "state": row.state,
                    "started": numbers[row.pk].started,
                    "live": numbers[row.pk].live,
                }
                for row in rows
            ]
        }
    )
    for row in rows:
        invocation.out.line(
            f"{row.key}  {row.get_state_display()}  {numbers[row.pk].live:,}"
        )


@playbooks.command("show", help=N_("Show the steps of a playbook and their numbers"))
@base.argument("key", help=KEY_HELP)
@options.pass_invocation
def show(invocation: Invocation, key: str) -> None:
    playbook = _find(invocation, key)
    numbers = results.count(playbook=playbook, by=invocation.by)
    definition = store.definition_of(playbook)
    names = resources.names_of(playbook.community, definition)
    problems = [p.text for p in store.find_problems(playbook, invocation.by)]
    _answer(
        invocation,
        playbook,
        started=numbers.started,
        live=numbers.live,
    )
    invocation.out.line(definition.entry.phrase(names))
    for step in steps.walk(definition.steps):
        own = numbers.steps.get(step.id, results.StepNumbers())
        done = f"  {own.done:,}" if step.acts else ""
        invocation.out.line(f"{names.step(step.id)} {step.phrase(names)}{done}")
    for text in problems:
        invocation.out.line(f"! {text}")


@playbooks.command("create", help=N_("Create a draft from a definition or a template"))
@base.argument("name", help=N_("name of the playbook"))
@base.argument("definition", help=N_("JSON, @file, or template:KEY"))
@options.pass_invocation
def create(invocation: Invocation, name: str, definition: str) -> None:
    playbook = store.create(
        name=name, definition=_parse(invocation, definition), **invocation.query_args
    )
    _answer(invocation, playbook)
    for problem in store.find_problems(playbook, invocation.by):
        invocation.out.line(f"! {problem.text}")


def _parse(invocation: Invocation, text: str) -> Any:
    if text.startswith("template:"):
        template = templates.find(text.removeprefix("template:"))
        if template is None:
            keys = ", ".join(each.key for each in templates.TEMPLATES)
            raise errors.Invalid(
                _("There are the templates %(keys)s.") % {"keys": keys}
            )
        staff = invocation.by.login if invocation.is_by_staff else ""
        return template.definition(staff=staff)
    return options.parse_rule(text)


@playbooks.command("rehearse", help=N_("Play a draft through on past facts"))
@base.argument("key", help=KEY_HELP)
@base.option("--since", required=True, metavar="TIME", help=N_("first moment"))
@base.option("--until", metavar="TIME", help=N_("last moment; now by default"))
@options.pass_invocation
def rehearse(invocation: Invocation, key: str, since: str, until: str | None) -> None:
    invocation.derive()
    community = invocation.community
    playbook = _find(invocation, key)
    found = rehearsal.rehearse(
        playbook=playbook,
        since=options.parse_time(since, community),
        until=options.parse_time(until, community) if until else invocation.at,
        **invocation.verb_args,
    )
    invocation.out.answer(
        {
            "runs": found.runs,
            "people": found.people,
            "messages": found.messages,
            "recipients": found.recipients,
            "over_budget": found.over_budget,
            "refused": found.refused,
            "ended": found.ended,
        },
        rehearsal_texts.describe(found, playbook),
    )


@playbooks.command("start", help=N_("Switch a playbook on"))
@base.argument("key", help=KEY_HELP)
@base.option(
    "--existing",
    default=Existing.NOBODY.value,
    metavar="nobody|now|as_if",
    help=N_("those for whom it has begun already"),
)
@base.option("--days", type=int, default=30, help=N_("how far to look back for them"))
@options.pass_invocation
def start(invocation: Invocation, key: str, existing: str, days: int) -> None:
    invocation.derive()
    playbook = _find(invocation, key)
    begun = lifecycle.switch_on(
        playbook=playbook, choice=Choice(existing, days), **invocation.verb_args
    )
    _answer(invocation, playbook, begun=begun)


@playbooks.command("publish", help=N_("Let new runs follow the changed draft"))
@base.argument("key", help=KEY_HELP)
@base.option(
    "--in-flight",
    default=InFlight.STAY.value,
    metavar="stay|move|end",
    help=N_("those who are under way"),
)
@options.pass_invocation
def publish(invocation: Invocation, key: str, in_flight: str) -> None:
    playbook = _find(invocation, key)
    stale = lifecycle.publish(
        playbook=playbook, in_flight=in_flight, **invocation.verb_args
    )
    _answer(invocation, playbook, stale=stale)


@playbooks.command("pause", help=N_("Pause a playbook"))
@base.argument("key", help=KEY_HELP)
@base.option("--run-on", is_flag=True, help=N_("waiting times run on"))
@base.option(
    "--drop", is_flag=True, help=N_("members who would begin during the pause do not")
)
@options.pass_invocation
def pause(invocation: Invocation, key: str, run_on: bool, drop: bool) -> None:
    playbook = _find(invocation, key)
    how = Pause(holds_waits=not run_on, keeps_entries=not drop)
    held = lifecycle.pause(playbook=playbook, pause=how, **invocation.verb_args)
    _answer(invocation, playbook, messages=held)


@playbooks.command("resume", help=N_("Continue a paused playbook"))
@base.argument("key", help=KEY_HELP)
@options.pass_invocation
def resume(invocation: Invocation, key: str) -> None:
    playbook = _find(invocation, key)
    released = lifecycle.resume(playbook=playbook, **invocation.verb_args)
    _answer(invocation, playbook, messages=released.sent_on, skipped=released.skipped)


@playbooks.command("stop", help=N_("Let nobody begin, or end everything with --all"))
@base.argument("key", help=KEY_HELP)
@base.option("--all", "everything", is_flag=True, help=N_("end all runs immediately"))
@options.pass_invocation
def stop(invocation: Invocation, key: str, everything: bool) -> None:
    playbook = _find(invocation, key)
    if everything:
        stopped = lifecycle.stop(playbook=playbook, **invocation.verb_args)
        _answer(invocation, playbook, runs=stopped.runs, messages=stopped.messages)
        return
    runs = lifecycle.close(playbook=playbook, **invocation.verb_args)
    _answer(invocation, playbook, runs=runs)


@playbooks.command("variants", help=N_("Compare the variants of messages"))
@base.argument("key", help=KEY_HELP)
@options.pass_invocation
def variants(invocation: Invocation, key: str) -> None:
    invocation.derive()
    playbook = _find(invocation, key)
    found = variant_results.measure(playbook=playbook, **invocation.verb_args)
    invocation.out.answer(
        {
            "steps": [
                {
                    "step": test.step,
                    "sides": [dataclasses.asdict(side) for side in test.sides],
                    "verdicts": {
                        each.treated.name: each.verdict.value
                        for each in test.comparisons
                    },
                }
                for test in found
            ]
        }
    )
    for test in found:
        for side in test.sides:
            line = (
                f"{test.number} {side.name or '-'}  {side.people:,}  {side.reached:,}"
            )
            invocation.out.line(line)


@playbooks.command("notices", help=N_("List your notices and tasks of playbooks"))
@options.pass_invocation
def notices(invocation: Invocation) -> None:
    found = staff_notices.list_open(by=invocation.by, at=invocation.at)
    invocation.out.answer(
        {
            "notices": [
                {
                    "id": notice.pk,
                    "text": notice.text,
                    "target_id": notice.target_id,
                    "is_group": notice.is_group,
                }
                for notice in found
            ]
        }
    )
    for notice in found:
        invocation.out.line(f"{notice.pk}  {notice.text}")


@playbooks.command("done", help=N_("Mark a notice as seen, or a task as done"))
@base.argument("notice", type=int, help=N_("number of the notice"))
@options.pass_invocation
def done(invocation: Invocation, notice: int) -> None:
    found = staff_notices.get(by=invocation.by, pk=notice)
    staff_notices.mark_done(notice=found, **invocation.verb_args)
    invocation.out.answer({"id": found.pk, "text": found.text}, found.text)


@playbooks.command("why", help=N_("Explain why a member is in a playbook or not"))
@base.argument("key", help=KEY_HELP)
@base.argument("member", help=N_("key, phone or e-mail of the member"))
@options.pass_invocation
def why(invocation: Invocation, key: str, member: str) -> None:
    invocation.derive()
    playbook = _find(invocation, key)
    account = named_members.get_by_key(key=member, **invocation.verb_args)
    answer = explanations.why(
        playbook=playbook, account=account.pk, **invocation.verb_args
    )
    invocation.out.answer(
        {"is_in": answer.is_in, "sentences": answer.sentences}, *answer.sentences
    )
