"""`qunce moderation`: cases and their decisions, pasted messages, rules and their trials."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import permissions
from qunce.groups import visibility
from qunce.groups.moderation.cases import cases as case_store
from qunce.groups.moderation.cases import precision
from qunce.groups.moderation.judgements import pasted_messages
from qunce.groups.moderation.models import Case, CaseState, Mode, Rule, Rung
from qunce.groups.moderation.rules import rules as rule_store
from qunce.groups.moderation.rules import shadow_runs
from qunce.groups.moderation.staff_decisions import case_decisions
from qunce.members.message_texts import message_texts

CASE_HELP = N_("number of the case")
RULE_HELP = N_("key of the rule")
REASON_HELP = N_("why")
MAX_CASES = 1_000
DEFAULT_DAYS = 28
"""Days before now on which a rule is tried unless others are asked for."""

moderation = base.Group("moderation")


# Cases


def _to_json(invocation: Invocation, case: Case) -> dict[str, Any]:
    may_read = permissions.may(invocation.by, message_texts.READ)
    names = ("number", "source", "state", "mode", "rung", "minutes", "author_name")
    return {
        **{name: getattr(case, name) for name in names},
        "group": case.group.key,
        "rule": case.rule.key if case.rule else "",
        "text": case.text if may_read else "",
        "findings": case.findings if may_read else [],
        "verdict": case.verdict,
        "reason": case.reason,
        "opened_at": case.opened_at.isoformat(),
        "decided_at": case.decided_at.isoformat() if case.decided_at else None,
    }


def _format(row: dict[str, Any]) -> str:
    state, rung = CaseState(row["state"]).label, Rung(row["rung"]).label
    text = " ".join(row["text"].split())[:60]
    return f"{row['number']:>6} {state} · {rung} · {row['author_name']}: {text}"


def _get(invocation: Invocation, number: int) -> Case:
    return case_store.get(number=number, **invocation.verb_args)


def _answer(invocation: Invocation, number: int) -> None:
    row = _to_json(invocation, _get(invocation, number))
    invocation.out.answer(row, _format(row))


@moderation.command(
    "judge", help=N_("Judge messages that no channel reports; findings wait as cases")
)
@base.argument("group", help=N_("key of the group"))
@base.argument(
    "file",
    default="-",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help=N_("file with the messages; the input without it"),
)
@base.option("--name", default="", help=N_("author of messages without a name"))
@options.pass_invocation
def judge(invocation: Invocation, group: str, file: Path, name: str) -> None:
    found = visibility.get_by_key(invocation.by, group)
    with click.open_file(str(file), encoding="utf-8-sig") as content:
        try:
            # One character more than is possible, so that more is refused.
            text = content.read(pasted_messages.MAX_PASTED + 1)
        except UnicodeDecodeError:
            raise options.BadUsage(_("The file is not valid UTF-8.")) from None
    verdicts = pasted_messages.judge(
        group=found,
        text=text,
        name=name,
        **invocation.verb_args,
    )
    rows: list[dict[str, Any]] = [
        {
            "name": each.pasted.name,
            "text": each.pasted.text,
            "case": each.case.number if each.case else None,
            "exemption": each.exemption,
        }
        for each in verdicts
    ]
    lines = [
        _("%(name)s: case %(number)s")
        % {"name": row["name"] or row["text"][:40], "number": row["case"]}
        for row in rows
        if row["case"]
    ]
    total = _("Judged: %(n)s. With a case: %(found)s.")
    counts = {"n": f"{len(rows):,}", "found": f"{len(lines):,}"}
    invocation.out.answer({"messages": rows}, *lines, total % counts)


@moderation.command("cases", help=N_("List cases, the latest first"))
@base.option(
    "--state",
    type=click.Choice([*CaseState.values, "all"]),
    default=CaseState.OPEN.value,
    help=N_("state of the cases"),
)
@options.pass_invocation
def list_cases(invocation: Invocation, state: str) -> None:
    found = case_store.list_visible(**invocation.verb_args)
    if state != "all":
        found = found.filter(state=state)
    rows = [
        _to_json(invocation, case) for case in found.order_by("-number")[:MAX_CASES]
    ]
    invocation.out.write_list("cases", rows, _format)


@moderation.command("show", help=N_("Show a case with what the checks found"))
@base.argument("case", type=int, help=CASE_HELP)
@options.pass_invocation
def show(invocation: Invocation, case: int) -> None:
    row = _to_json(invocation, _get(invocation, case))
    found = [
        f"{each.get('name', '')}: {each.get('check', '')} {each.get('evidence', '')}"
        for each in row["findings"]
    ]
    lines = filter(None, [row["text"], *found, row["reason"]])
    invocation.out.answer(row, _format(row), *lines)


@moderation.command("confirm", help=N_("Agree with a case, and do what it proposes"))
@base.argument("case", type=int, help=CASE_HELP)
@base.option("--rung", type=click.Choice(Rung.values), help=N_("what is done instead"))
@base.option("--minutes", type=int, help=N_("minutes of a mute"))
@options.pass_invocation
def confirm(
    invocation: Invocation, case: int, rung: str | None, minutes: int | None
) -> None:
    found = _get(invocation, case)
    case_decisions.confirm(
        case=found, rung=rung, minutes=minutes, **invocation.verb_args
    )
    _answer(invocation, case)


@moderation.command(
    "dismiss", help=N_("Disagree with a case on which nothing was done")
)
@base.argument("case", type=int, help=CASE_HELP)
@base.option("--reason", default="", help=REASON_HELP)
@options.pass_invocation
def dismiss(invocation: Invocation, case: int, reason: str) -> None:
    found = _get(invocation, case)
    case_decisions.dismiss(case=found, reason=reason, **invocation.verb_args)
    _answer(invocation, case)


@moderation.command("reopen", help=N_("Let a dismissed case wait for a decision again"))
@base.argument("case", type=int, help=CASE_HELP)
@options.pass_invocation
def reopen(invocation: Invocation, case: int) -> None:
    case_decisions.reopen(case=_get(invocation, case), **invocation.verb_args)
    _answer(invocation, case)


@moderation.command(
    "undo", help=N_("Take back what was done; a deleted message does not come back")
)
@base.argument("case", type=int, help=CASE_HELP)
@base.option("--reason", default="", help=REASON_HELP)
@options.pass_invocation
def undo(invocation: Invocation, case: int, reason: str) -> None:
    found = _get(invocation, case)
    case_decisions.undo(case=found, reason=reason, **invocation.verb_args)
    _answer(invocation, case)


# Rules


def _rule_to_json(invocation: Invocation, rule: Rule) -> dict[str, Any]:
    return {
        "key": rule.key,
        "name": rule.name,
        "mode": rule.mode,
        "version": rule.version,
        "is_tried": rule.shadow_version == rule.version,
        "ladder": rule.ladder.key,
        "checks": [each["check"] for each in rule.checks],
        "note": precision.note_of(rule, invocation.by),
    }


@moderation.command("rules", help=N_("List rules with how often they were right"))
@options.pass_invocation
def list_rules(invocation: Invocation) -> None:
    counted = precision.of_rules(invocation.by, invocation.at)
    rows = []
    for rule in rule_store.list_all(invocation.by):
        found = counted.get(rule.pk)
        right, settled = (found.right, found.settled) if found else (0, 0)
        rows.append(
            _rule_to_json(invocation, rule) | {"right": right, "settled": settled}
        )

    def format_row(row: dict[str, Any]) -> str:
        right = f"{row['right']:,}/{row['settled']:,}"
        return f"{row['key']:<24} {Mode(row['mode']).label} {right}  {row['name']}"

    invocation.out.write_list("rules", rows, format_row)


@moderation.command("set-mode", help=N_("Change what a rule may do"))
@base.argument("rule", help=RULE_HELP)
@base.argument(
    "mode", type=click.Choice(Mode.values), help=N_("off, observe, propose or act")
)
@options.pass_invocation
def set_mode(invocation: Invocation, rule: str, mode: str) -> None:
    found = rule_store.get(by=invocation.by, key=rule)
    rule_store.set_mode(rule=found, mode=mode, **invocation.verb_args)
    row = _rule_to_json(invocation, rule_store.get(by=invocation.by, key=rule))
    invocation.out.answer(row, f"{row['name']}: {Mode(row['mode']).label}")


@moderation.command(
    "try", help=N_("Try a rule on past messages, after which it may act")
)
@base.argument("rule", help=RULE_HELP)
@base.option("--since", help=N_("from when, such as 2026-05-01; 28 days without it"))
@base.option("--until", help=N_("until when; now without it"))
@options.pass_invocation
def try_rule(
    invocation: Invocation, rule: str, since: str | None, until: str | None
) -> None:
    community = invocation.community
    end = options.parse_time(until, community) if until else invocation.at
    start = end - timedelta(days=DEFAULT_DAYS)
    found = rule_store.get(by=invocation.by, key=rule)
    run = shadow_runs.run(
        rule=found,
        since=options.parse_time(since, community) if since else start,
        until=end,
        **invocation.verb_args,
    )
    hits = shadow_runs.list_hits(run, **invocation.verb_args)
    record = {
        "rule": found.key,
        "version": run.version,
        "total": run.total,
        "hits": run.hits,
        "messages": [
            {
                "happened_at": each.happened_at.isoformat(),
                "member_id": each.account_id,
                "text": each.text,
            }
            for each in hits
        ],
    }
    lines = [f"> {' '.join(each.text.split())[:100]}" for each in hits]
    invocation.out.answer(record, shadow_runs.sentence(run.hits, run.total), *lines)
