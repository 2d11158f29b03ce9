"""`qunce tag-rules`: rules that tag members, dry runs, runs and their undo."""

from __future__ import annotations

import json
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.members.rule_text import contact_masks
from qunce.members.tag_rules import (
    activation,
    conditions,
    conflicts,
    planning,
    previews,
    runs,
)
from qunce.members.tag_rules import effects as tag_effects
from qunce.members.tag_rules import tag_rules as rules
from qunce.members.tag_rules.models import Mode, TagRule, TagRuleRun

NAME_HELP = N_("name of the rule")

tag_rules = base.Group("tag-rules")


def _to_json(invocation: Invocation, rule: TagRule) -> dict[str, Any]:
    condition = contact_masks.masked(rule.condition, invocation.by)
    return {
        "id": rule.pk,
        "name": rule.name,
        "state": rule.state,
        "mode": rule.mode,
        "condition": condition,
        "effects": rule.effects,
        "takes_back": rule.takes_back,
        "problem": rules.find_problem(rule),
    }


def _run_to_json(run: TagRuleRun) -> dict[str, Any]:
    return {
        "id": run.pk,
        "at": run.at.isoformat(),
        "trigger": run.trigger,
        "gained": run.gained,
        "lost": run.lost,
        "deepened": run.deepened,
        "kept": run.kept,
        "error": run.error,
        "is_finished": run.finished_at is not None,
        "is_undone": run.batch.undone_at is not None,
    }


def _print_run(invocation: Invocation, record: dict[str, Any]) -> None:
    text = _("%(gained)s given, %(lost)s removed, %(deepened)s deeper, %(kept)s kept")
    counts = {name: f"{record[name]:,}" for name in planning_kinds()}
    note = record["error"] or text % counts
    invocation.out.line(f"{record['id']:>6} {record['at'][:16]}  {note}")


def planning_kinds() -> tuple[str, ...]:
    return (planning.GAINED, planning.LOST, planning.DEEPENED, planning.KEPT)


@tag_rules.command("list", help=N_("List tag rules in the order of their application"))
@base.option("--archived", is_flag=True, help=N_("those that are archived"))
@options.pass_invocation
def list_rules(invocation: Invocation, archived: bool) -> None:
    found = rules.list_all(invocation.by, archived=archived)
    records = [_to_json(invocation, rule) for rule in found]
    invocation.out.answer({"tag_rules": records})
    for rule in found:
        invocation.out.line(f"{rule.get_state_display():<10} {rule.name}")


@tag_rules.command(
    "show", help=N_("Show a tag rule, what contradicts it, and its runs")
)
@base.argument("name", help=NAME_HELP)
@options.pass_invocation
def show(invocation: Invocation, name: str) -> None:
    rule = rules.get_by_name(by=invocation.by, name=name)
    record = _to_json(invocation, rule)
    found = runs.list_runs(rule=rule, by=invocation.by, limit=10)
    fights = []
    if not record["problem"]:
        invocation.derive()
        fights = conflicts.list_conflicts(rule=rule, **invocation.verb_args)
    record |= {
        "runs": [_run_to_json(run) for run in found],
        "conflicts": [str(fight) for fight in fights],
    }
    invocation.out.answer(record, f"{rule.name}: {rule.get_state_display()}")
    for line in filter(None, [record["problem"], *record["conflicts"]]):
        invocation.out.line(line)
    for run in record["runs"]:
        _print_run(invocation, run)


@tag_rules.command("add", help=N_("Add a tag rule, which is a draft"))
@base.argument("name", help=NAME_HELP)
@base.argument("condition", help=N_('JSON such as {"rule": {"tag": {"any": ["vip"]}}}'))
@base.option(
    "--do",
    "effects",
    multiple=True,
    required=True,
    metavar="EFFECT TAG[=DEPTH]",
    nargs=2,
    help=N_("add, remove, set, raise or deepen, and a tag; may be repeated"),
)
@base.option(
    "--mode",
    type=click.Choice(Mode.values),
    default=None,
    help=N_("daily by default, and event for events"),
)
@base.option(
    "--take-back",
    "takes_back",
    is_flag=True,
    help=N_("remove its tags when the condition no longer holds"),
)
@options.pass_invocation
def add(
    invocation: Invocation,
    name: str,
    condition: str,
    effects: tuple[tuple[str, str], ...],
    mode: str | None,
    takes_back: bool,
) -> None:
    parsed = _parse_json(condition)
    is_event = isinstance(parsed, dict) and "event" in parsed
    rule = rules.create(
        name=name,
        condition=parsed,
        effects=[_parse_effect(do, tag) for do, tag in effects],
        mode=mode or (Mode.EVENT if is_event else Mode.DAILY),
        takes_back=takes_back,
        **invocation.query_args,
    )
    text = _("Tag rule “%(name)s” added as a draft.") % {"name": rule.name}
    invocation.out.answer(_to_json(invocation, rule), text)


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise conditions.InvalidCondition(_("Write the condition as JSON.")) from None


def _parse_effect(do: str, tag: str) -> dict[str, Any]:
    if do not in tag_effects.WITH_DEPTH:
        return {"do": do, "tag": tag}
    key, _sign, depth = tag.rpartition("=")
    return {"do": do, "tag": key or depth, "depth": depth if key else 1}


@tag_rules.command(
    "dry-run", help=N_("Show what a run would change. Nothing is stored.")
)
@base.argument("name", help=NAME_HELP)
@base.option(
    "--days",
    type=click.IntRange(1, previews.MAX_PAST_DAYS),
    default=30,
    help=N_("days of events, for a rule on events"),
)
@options.pass_invocation
def dry_run(invocation: Invocation, name: str, days: int) -> None:
    rule = rules.get_by_name(by=invocation.by, name=name)
    invocation.derive()
    plan = previews.dry_run(rule=rule, days=days, **invocation.verb_args)
    changes = [
        {
            "kind": change.kind,
            "tag": plan.tags[change.tag].key,
            "reason": change.reason,
            "members": len(change.people),
        }
        for change in plan.changes
        if change.kind in planning_kinds()
    ]
    invocation.out.answer({"matched": len(plan.matched), "changes": changes})
    for change in changes:
        invocation.out.line(
            f"{change['members']:>10,}  {change['kind']:<9} {change['tag']}"
            f"  {change['reason']}".rstrip()
        )


@tag_rules.command("activate", help=N_("Activate a tag rule"))
@base.argument("name", help=NAME_HELP)
@base.option("--confirm", is_flag=True, help=N_("although rules contradict it"))
@base.option(
    "--past-days",
    type=click.IntRange(0, previews.MAX_PAST_DAYS),
    default=0,
    help=N_("count events of the last days, too"),
)
@options.pass_invocation
def activate(invocation: Invocation, name: str, confirm: bool, past_days: int) -> None:
    rule = rules.get_by_name(by=invocation.by, name=name)
    invocation.derive()
    activation.activate(
        rule=rule, is_confirmed=confirm, past_days=past_days, **invocation.verb_args
    )
    _answer_state(invocation, rule)


@tag_rules.command("pause", help=N_("Pause a tag rule; members keep their tags"))
@base.argument("name", help=NAME_HELP)
@options.pass_invocation
def pause(invocation: Invocation, name: str) -> None:
    rule = rules.get_by_name(by=invocation.by, name=name)
    rules.pause(rule=rule, **invocation.verb_args)
    _answer_state(invocation, rule)


@tag_rules.command("archive", help=N_("Archive a tag rule that is not active"))
@base.argument("name", help=NAME_HELP)
@options.pass_invocation
def archive(invocation: Invocation, name: str) -> None:
    rule = rules.get_by_name(by=invocation.by, name=name)
    rules.archive(rule=rule, **invocation.verb_args)
    _answer_state(invocation, rule)


@tag_rules.command("restore", help=N_("Restore an archived tag rule; it is paused"))
@base.argument("name", help=NAME_HELP)
@options.pass_invocation
def restore(invocation: Invocation, name: str) -> None:
    rule = rules.get_by_name(by=invocation.by, name=name)
    rules.restore(rule=rule, **invocation.verb_args)
    _answer_state(invocation, rule)


@tag_rules.command(
    "move", help=N_("Apply a tag rule earlier or later; earlier rules win")
)
@base.argument("name", help=NAME_HELP)
@base.argument("to", type=click.Choice(["earlier", "later"]), help=N_("where to"))
@options.pass_invocation
def move(invocation: Invocation, name: str, to: str) -> None:
    rule = rules.get_by_name(by=invocation.by, name=name)
    rules.move(rule=rule, earlier=to == "earlier", **invocation.verb_args)
    _answer_state(invocation, rule)


def _answer_state(invocation: Invocation, rule: TagRule) -> None:
    text = f"{rule.name}: {rule.get_state_display()}"
    record = {"id": rule.pk, "state": rule.state, "position": rule.position}
    invocation.out.answer(record, text)


@tag_rules.command("run", help=N_("Run an active tag rule on members now"))
@base.argument("name", help=NAME_HELP)
@options.pass_invocation
def run(invocation: Invocation, name: str) -> None:
    rule = rules.get_by_name(by=invocation.by, name=name)
    invocation.derive()
    done = runs.run(rule=rule, **invocation.verb_args)
    record = _run_to_json(done)
    invocation.out.answer(record)
    _print_run(invocation, record)


@tag_rules.command("undo", help=N_("Undo a run, except for what was changed since"))
@base.argument("run", type=int, help=N_("number of the run, see “show”"))
@options.pass_invocation
def undo(invocation: Invocation, run: int) -> None:
    done = runs.get(by=invocation.by, pk=run)
    restored = runs.undo(run=done, **invocation.verb_args)
    text = _("Undone. Tags restored: %(n)s.") % {"n": f"{restored:,}"}
    invocation.out.answer({"id": done.pk, "restored": restored}, text)
