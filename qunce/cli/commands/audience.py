"""`qunce audience`: count, list, explain and compare audiences."""

from __future__ import annotations

import dataclasses
import itertools
import time
from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import base, member_selection, options, output
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.members.accounts import queries as account_queries
from qunce.sets import audiences

MARKS = {True: "✓", False: "✗"}
RULE_HELP = N_("a rule as JSON, @file, or segment:KEY")

audience = base.Group("audience")


@audience.command("count", help=N_("Count the members of an audience"))
@base.argument("rule", help=RULE_HELP)
@options.pass_invocation
def count(invocation: Invocation, rule: str) -> None:
    invocation.derive()
    parsed = options.parse_rule(rule)
    start = time.perf_counter()
    number = audiences.count(rule=parsed, **invocation.query_args)
    took = round((time.perf_counter() - start) * 1000, 2)
    invocation.out.answer({"count": number, "took_ms": took}, f"{number:,}")


@audience.command("list", help=N_("List the keys of the members of an audience"))
@base.argument("rule", help=RULE_HELP)
@base.option("--limit", type=int, help=N_("maximum number of members to list"))
@base.option("--after", metavar="KEY", help=N_("continue after this member"))
@options.pass_invocation
def list_members(
    invocation: Invocation, rule: str, limit: int | None, after: str | None
) -> None:
    invocation.derive()
    start = 0
    if after:
        (account,) = member_selection.find_accounts(invocation, [after])
        start = account_queries.person_ids([account])[account]
    people = itertools.islice(
        member_selection.list_people(invocation, options.parse_rule(rule), after=start),
        limit,
    )
    keys = member_selection.list_keys(invocation, people)
    invocation.out.write_list("keys", keys)


@audience.command("explain", help=N_("Explain why a member is in an audience or not"))
@base.argument("rule", help=RULE_HELP)
@base.option("--member", metavar="KEY", required=True, help=N_("the member to explain"))
@options.pass_invocation
def explain(invocation: Invocation, rule: str, member: str) -> None:
    invocation.derive()
    (account,) = member_selection.find_accounts(invocation, [member])
    explanation = audiences.explain(
        rule=options.parse_rule(rule), account=account, **invocation.query_args
    )
    verdict = (
        _("%(key)s is in the audience.")
        if explanation.holds
        else _("%(key)s is not in the audience.")
    )
    reasons, lines = [], []
    for reason in explanation.reasons:
        reasons.append(
            {
                "where": reason.path,
                "holds": reason.holds,
                "wanted": reason.expected,
                "text": reason.text,
            }
        )
        text = reason.text
        if not reason.expected:
            text = _("not: %(text)s") % {"text": text}
        # ✓ means that the rule is met, also where it says `not`.
        lines.append(f"  {MARKS[reason.holds == reason.expected]} {text}")
    invocation.out.answer(
        {"in": explanation.holds, "because": reasons},
        verdict % {"key": member},
        *lines,
    )


@audience.command("overlap", help=N_("Compare two audiences"))
@base.argument("left", help=RULE_HELP)
@base.argument("right", help=RULE_HELP)
@options.pass_invocation
def overlap(invocation: Invocation, left: str, right: str) -> None:
    invocation.derive()
    rules: dict[str, Any] = {
        "left": options.parse_rule(left),
        "right": options.parse_rule(right),
    }
    sizes = dataclasses.asdict(audiences.overlap(**rules, **invocation.query_args))
    labels = {"left": _("left only"), "both": _("both"), "right": _("right only")}
    invocation.out.answer(
        sizes,
        *(
            f"{output.padded(labels[name], 12)} {size:,}"
            for name, size in sizes.items()
        ),
    )
