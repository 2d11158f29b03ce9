"""`qunce care`: rules for birthdays and other occasions, what comes, and the budget."""

from __future__ import annotations

import json
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import money
from qunce.core.staff import staff as staff_store
from qunce.outreach.care import budgets, forecast, occasions, results, rules
from qunce.outreach.care.models import Action, CareRule
from qunce.sets.rules import tree

RULE_HELP = N_("number of the rule")

care = base.Group("care")


def _to_json(rule: CareRule) -> dict[str, Any]:
    return {
        "id": rule.pk,
        "name": rule.name,
        "occasion": rule.occasion,
        "rule": rule.audience,
        "minute": rule.minute,
        "action": rule.action,
        "text": rule.text,
        "amount": rule.amount,
        "is_on": rule.is_on,
    }


@care.command("list", help=N_("List care rules"))
@base.option("--archived", is_flag=True, help=N_("those that are archived"))
@options.pass_invocation
def list_rules(invocation: Invocation, archived: bool) -> None:
    found = list(rules.list_all(invocation.by, archived=archived))
    invocation.out.answer({"care_rules": [_to_json(rule) for rule in found]})
    for rule in found:
        state = _("on") if rule.is_on else _("off")
        phrase = occasions.parse(rule.occasion).phrase()
        invocation.out.line(f"{rule.pk:>6} {state:<4} {rule.name}: {phrase}")


@care.command("show", help=N_("Show a care rule and what became of its occasions"))
@base.argument("rule", type=int, help=RULE_HELP)
@options.pass_invocation
def show(invocation: Invocation, rule: int) -> None:
    found = rules.get(by=invocation.by, pk=rule)
    counted = results.count(rule=found, by=invocation.by)
    record = {
        **_to_json(found),
        "planned": counted.planned,
        "skipped": dict(counted.skipped),
        "messages": dict(counted.messages),
        "late": counted.late,
        "spent": counted.spent,
    }
    invocation.out.answer(record, found.name)
    for name in ("planned", "late", "spent"):
        invocation.out.line(f"{name}: {record[name]:,}")


@care.command("add", help=N_("Add a care rule, which is off"))
@base.argument("name", help=N_("name"))
@base.argument("occasion", help=N_('JSON such as {"on": "joined", "numbers": [1]}'))
@base.option("--text", default="", help=N_("text of the message or the task"))
@base.option("--rule", "audience", default="", help=N_("audience as a rule in JSON"))
@base.option("--time", "clock", default="09:00", help=N_("time of day, such as 09:00"))
@base.option("--member-clock", is_flag=True, help=N_("by the time zone of each member"))
@base.option(
    "--action",
    type=click.Choice(Action.values),
    default=Action.MESSAGE.value,
    help=N_("message or task"),
)
@base.option("--channel", default="assisted", help=N_("channel of the message"))
@base.option("--staff", "login", default="", help=N_("login of who does it"))
@base.option("--amount", default="0", help=N_("cost per member, such as 3.00"))
@options.pass_invocation
def add(
    invocation: Invocation,
    occasion: str,
    audience: str,
    clock: str,
    login: str,
    amount: str,
    **fields: Any,
) -> None:
    doer = staff_store.get_by_login(invocation.by, login) if login else None
    created = rules.create(
        occasion=_parse_json(occasion),
        audience=tree.parse_json(audience) if audience else None,
        minute=_minute(clock),
        staff=doer,
        amount=money.parse_units(amount, invocation.community.currency),
        **fields,
        **invocation.query_args,
    )
    invocation.out.answer(
        {"id": created.pk},
        _("Care rule %(id)s “%(name)s” added.") % {"id": created.pk, "name": created},
    )


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise occasions.InvalidOccasion(_("Write the occasion as JSON.")) from None


def _minute(text: str) -> int:
    hour, _colon, minute = text.partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and int(minute) < 60):
        raise rules.InvalidCareRule(_("Write a time of day like 09:00."))
    return int(hour) * 60 + int(minute)


@care.command("start", help=N_("Switch a care rule on"))
@base.argument("rule", type=int, help=RULE_HELP)
@options.pass_invocation
def start(invocation: Invocation, rule: int) -> None:
    found = rules.get(by=invocation.by, pk=rule)
    rules.start(rule=found, **invocation.verb_args)
    text = _("“%(name)s” is on from now on.") % {"name": found}
    invocation.out.answer({"id": found.pk}, text)


@care.command("stop", help=N_("Switch a care rule off"))
@base.argument("rule", type=int, help=RULE_HELP)
@options.pass_invocation
def stop(invocation: Invocation, rule: int) -> None:
    found = rules.get(by=invocation.by, pk=rule)
    rules.stop(rule=found, **invocation.verb_args)
    text = _("“%(name)s” is off. What is planned already stays.") % {"name": found}
    invocation.out.answer({"id": found.pk}, text)


@care.command("archive", help=N_("Archive a care rule that is off"))
@base.argument("rule", type=int, help=RULE_HELP)
@options.pass_invocation
def archive(invocation: Invocation, rule: int) -> None:
    found = rules.get(by=invocation.by, pk=rule)
    rules.archive(rule=found, **invocation.verb_args)
    text = _("“%(name)s” is archived.") % {"name": found}
    invocation.out.answer({"id": found.pk}, text)


@care.command("restore", help=N_("Restore an archived care rule"))
@base.argument("rule", type=int, help=RULE_HELP)
@options.pass_invocation
def restore(invocation: Invocation, rule: int) -> None:
    found = rules.get(by=invocation.by, pk=rule)
    rules.restore(rule=found, **invocation.verb_args)
    text = _("“%(name)s” is restored. It is off.") % {"name": found}
    invocation.out.answer({"id": found.pk}, text)


@care.command("coming", help=N_("Count the occasions of the next days"))
@base.option("--days", type=click.IntRange(1, 90), default=30, help=N_("1 to 90"))
@options.pass_invocation
def coming(invocation: Invocation, days: int) -> None:
    invocation.derive()
    found = forecast.list_coming(days_ahead=days, **invocation.verb_args)
    rows = [
        {
            "day": each.day.isoformat(),
            "rule": one.rule.pk,
            "name": one.rule.name,
            "count": one.count,
            "lunar": one.lunar,
        }
        for each in found
        for one in each.occasions
    ]
    invocation.out.answer({"coming": rows})
    for row in rows:
        invocation.out.line(f"{row['day']} {row['count']:>8,}  {row['name']}")


@care.command("budget", help=N_("Show or set what care may cost per month"))
@base.option("--set", "amount", default="", help=N_("amount per month, such as 500"))
@options.pass_invocation
def budget(invocation: Invocation, amount: str) -> None:
    currency = invocation.community.currency
    if amount:
        units = money.parse_units(amount, currency)
        budgets.set_amount(amount=units, **invocation.query_args)
    state = budgets.find(**invocation.verb_args)
    record = {
        "month": state.month,
        "amount": state.amount,
        "spent": state.spent,
        "left": state.left,
    }
    if state.amount is None:
        invocation.out.answer(record, _("No budget of care is set."))
        return
    text = _("%(month)s: %(spent)s of %(amount)s reserved, %(left)s left.") % {
        "month": state.month,
        "spent": money.format_with_currency(state.spent, currency),
        "amount": money.format_with_currency(state.amount, currency),
        "left": money.format_with_currency(state.left, currency),
    }
    invocation.out.answer(record, text)


@care.command("release", help=N_("Record that a gift was not given"))
@base.argument("occasion", type=int, help=N_("number of the occasion"))
@options.pass_invocation
def release(invocation: Invocation, occasion: int) -> None:
    found = budgets.get_occasion(by=invocation.by, pk=occasion)
    budgets.release(occasion=found, **invocation.verb_args)
    text = _("Not given. The amount can be spent again.")
    invocation.out.answer({"id": found.pk}, text)
