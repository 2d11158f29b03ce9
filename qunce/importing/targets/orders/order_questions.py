"""What a file of orders leaves open before the start: signs of currencies, and statuses."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import pyarrow.compute as pc
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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
MISSING = "no_status"
"""The question what orders without a status are; the heading follows."""
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
    kept = [word for word in words if word != heading and not _is_total(word)]
    if len(kept) > MAX_STATUSES:
        raise NotAStatus(
            _(
                "“%(heading)s” has more than %(most)d different texts, so it is not "
                "the status of orders. Map another column to it, or none."
            )
            % {"heading": heading, "most": MAX_STATUSES}
        )
    for word in kept:
        plan.ask(
            f"status:{word}",
            heading=heading,
            text=_("What does “%(word)s” in “%(heading)s” mean?")
            % {"word": word, "heading": heading},
            choices=_meanings(),
            suggestion=order_statuses.find_meaning(word),
        )


def ask_missing_statuses(plan: ImportPlan) -> None:
    """Ask what orders are that have no status, in a file where others have one."""
    if "status" not in plan.heading_of:
        return
    heading = plan.heading_of["status"]
    status, key = (
        plan.source.headings.index(plan.heading_of[name])
        for name in ("status", "order_key")
    )
    without, having = set[str](), set[str]()
    for batch in sources.read_batches(plan.source):
        texts = pc.fill_null(batch.columns[status], "")
        is_blank = pc.equal(pc.utf8_trim_whitespace(texts), "")
        # A key that is missing is a problem of its row, found elsewhere.
        keys = batch.columns[key].filter(is_blank).drop_null()
        without |= set(filter(None, map(str.strip, pc.unique(keys).to_pylist())))
        if without:
            keys = batch.columns[key].filter(pc.invert(is_blank)).drop_null()
            having |= set(map(str.strip, pc.unique(keys).to_pylist()))
    # Some shops write the status into the first row of an order only.
    missing = sorted(key for key in without - having if not _is_total(key))
    if not missing or not _has_words(plan, status):
        return
    plan.ask(
        f"{MISSING}:{heading}",
        heading=heading,
        text=ngettext(
            "%(count)s order has no status in “%(heading)s”: %(key)s. What is it?",
            "%(count)s orders have no status in “%(heading)s”, such as %(key)s. What are"
            " they?",
            len(missing),
        )
        % {"count": f"{len(missing):,}", "heading": heading, "key": missing[0]},
        choices=_meanings(),
    )


def _is_total(text: str) -> bool:
    return bool(re.match(left_out_rows.TOTAL, text))


def _has_words(plan: ImportPlan, index: int) -> bool:
    texts = sources.read_head(plan.source, HEAD_ROWS).columns[index].drop_null()
    return bool(pc.any(pc.not_equal(pc.utf8_trim_whitespace(texts), "")).as_py())


def _meanings() -> list[Choice]:
    return [Choice(key, str(label)) for key, label in order_statuses.MEANINGS.items()]


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
