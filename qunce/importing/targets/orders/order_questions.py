"""What a file of orders leaves open before the start: signs of currencies, and statuses."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.core import errors, money
from qunce.importing.files import heading_rows, sources
from qunce.importing.plan.questions import Choice
from qunce.importing.rows import left_out_rows
from qunce.importing.values import currency_signs
from qunce.sales import order_statuses

if TYPE_CHECKING:
    from qunce.importing.plan.plan import ImportPlan

HEAD_ROWS = 1_000
IGNORE = "ignore"
REFUNDS = (order_statuses.REFUNDED, order_statuses.PARTLY_REFUNDED)
MIN_MEANINGS = 2
SUGGESTED_SIGNS = ("$", "元")
"""Signs of several currencies that mean the likeliest unless staff answer otherwise."""
MAX_STATUSES = 60
"""A column with more different texts is not one of statuses."""


class NotAStatus(errors.Invalid):
    """The column that is mapped to the status has too many different texts."""


def ask_signs(plan: ImportPlan) -> None:
    """Ask what a sign of several currencies means, if the community's is none of them."""
    indexes = [
        plan.source.headings.index(plan.heading_of[field.name])
        for field in plan.target.fields
        if field.is_money and field.name in plan.heading_of
    ]
    found: dict[str, None] = {}
    head = sources.read_head(plan.source, HEAD_ROWS)
    for batch in itertools.chain([head], sources.read_batches(plan.source)):
        for index in indexes:
            signs = currency_signs.find(batch.columns[index])
            if signs is not None:
                found |= dict.fromkeys(signs.drop_null().unique().to_pylist())
        if not found:
            # The head shows whether there are any.
            break
    own = (plan.options.currency, plan.community.currency)
    for sign in found:
        meanings = money.find_currencies(sign)
        if len(meanings) < MIN_MEANINGS or set(own) & set(meanings):
            continue
        plan.ask(
            f"sign:{sign}",
            text=_("Which currency does “%(sign)s” mean?") % {"sign": sign},
            choices=[Choice(code, code) for code in meanings],
            suggestion=meanings[0] if sign in SUGGESTED_SIGNS else "",
        )


def ask_statuses(plan: ImportPlan) -> None:
    """Ask what the words of the status mean; raises NotAStatus."""
    if "status" not in plan.heading_of:
        return
    heading = plan.heading_of["status"]
    index = plan.source.headings.index(heading)
    words: dict[str, None] = {}
    for batch in sources.read_batches(plan.source):
        texts = pc.unique(pc.drop_null(batch.columns[index])).to_pylist()
        words |= dict.fromkeys(filter(None, map(str.strip, texts)))
        if len(words) > MAX_STATUSES:
            break
    # Rows of totals and repeated headings are left out, whatever they have here.
    kept = [w for w in words if w != heading and not re.match(left_out_rows.TOTAL, w)]
    if len(kept) > MAX_STATUSES:
        raise NotAStatus(
            _(
                "“%(heading)s” has more than %(most)d different texts, so it is not "
                "the status of orders. Map another column to it, or none."
            )
            % {"heading": heading, "most": MAX_STATUSES}
        )
    choices = [
        Choice(key, str(label)) for key, label in order_statuses.MEANINGS.items()
    ]
    for word in kept:
        plan.ask(
            f"status:{word}",
            heading=heading,
            text=_("What does “%(word)s” in “%(heading)s” mean?")
            % {"word": word, "heading": heading},
            choices=choices,
            suggestion=order_statuses.find_meaning(word),
        )


def ask_refund_statuses(plan: ImportPlan) -> None:
    """Ask about a second column of statuses, by which orders were refunded."""
    known = [
        heading_rows.normalise(text) for text in order_statuses.REFUND_HEADINGS.split()
    ]
    fields = plan.heading_of
    if "refunded_amount" in fields or "refunded_at" in fields:
        return
    for index, heading in enumerate(plan.source.headings):
        is_read = heading == fields.get("status")
        if is_read or heading_rows.normalise(heading) not in known:
            continue
        words: dict[str, None] = {}
        for batch in sources.read_batches(plan.source):
            words |= dict.fromkeys(
                pc.unique(batch.columns[index].drop_null()).to_pylist()
            )
        refunded = [w for w in words if order_statuses.find_meaning(w) in REFUNDS]
        if not refunded:
            continue
        plan.ask(
            f"refund_status:{heading}",
            heading=heading,
            text=_(
                "By “%(word)s” in “%(heading)s” orders were refunded, but no column has "
                "the amounts. Map them, or this column to the status."
            )
            % {"word": refunded[0], "heading": heading},
            choices=[Choice(IGNORE, _("import the orders without these refunds"))],
        )
