"""Concludes from a column's evidence how it is read, and asks what is left open.

Both readings of a question stand side by side, each with what it makes of a text of the
file.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, money
from qunce.importing import target_registry
from qunce.importing.columns import column_mapping
from qunce.importing.plan.plan import ColumnTraits, ImportPlan
from qunce.importing.plan.questions import Choice
from qunce.importing.values import dates, lists, numbers
from qunce.importing.values.value_types import TYPES
from qunce.members.tags.models import Tag

if TYPE_CHECKING:
    from qunce.importing.columns.column_traits import ColumnEvidence

ORDER_LABELS = {
    dates.DAY_FIRST: gettext_lazy("day/month"),
    dates.MONTH_FIRST: gettext_lazy("month/day"),
    dates.YEAR_FIRST: gettext_lazy("year/month/day"),
}
STYLE_LABELS = {
    numbers.POINT: gettext_lazy("with a decimal point"),
    numbers.COMMA: gettext_lazy("with a decimal comma"),
}
TYPE_LABELS = {
    "text": gettext_lazy("text"),
    "number": gettext_lazy("number"),
    "date": gettext_lazy("date"),
    "instant": gettext_lazy("date and time"),
    "bool": gettext_lazy("yes or no"),
    "choice": gettext_lazy("one of a few"),
    "multi": gettext_lazy("several of a few"),
    "lunar": gettext_lazy("lunar birthday"),
}
MAX_SHOWN = 20
COMMA_CURRENCIES = frozenset("EUR SEK NOK DKK PLN CZK HUF RON TRY BRL RUB UAH".split())
"""Of countries that write a decimal comma."""


class TypeIsFixed(errors.Invalid):
    """The attribute exists with another type."""


def conclude(
    plan: ImportPlan, columns: Mapping[str, ColumnEvidence], known: Mapping[str, str]
) -> dict[str, ColumnTraits]:
    """Return the traits by field."""
    types = {
        name: _conclude_type(plan, name, column, known.get(name, ""))
        for name, column in columns.items()
        if column.kind == "further"
    }
    traits = {}
    for name, column in columns.items():
        field_type = types.get(name, column.kind)
        order = style = separator = ""
        if field_type in ("date", "instant"):
            order = _ask_order(plan, name, column, columns)
        if field_type == "number":
            style = _ask_style(plan, column, columns)
        if field_type in ("list", "multi"):
            separator = _ask_separator(plan, name, column)
        traits[name] = ColumnTraits(
            order,
            style or numbers.POINT,
            types.get(name, "text"),
            separator or ";",
            is_past=_is_past(column),
        )
    return traits


# Types


def _conclude_type(
    plan: ImportPlan, name: str, column: ColumnEvidence, existing: str
) -> str:
    key = f"type:{column.heading}"
    given = plan.options.answers.get(key, "")
    if existing:
        # A later file neither breaks nor converts what earlier ones were read as.
        if given and given != existing:
            raise TypeIsFixed(
                _(
                    "The attribute “%(name)s” exists as %(type)s. Change its type first, "
                    "or map the column to another attribute."
                )
                % {"name": column.heading, "type": TYPE_LABELS.get(existing, existing)}
            )
        return existing
    plain = name.removeprefix(target_registry.ATTRIBUTE_PREFIX)
    usual = column_mapping.KNOWN_ATTRIBUTE_TYPES.get(plain, "")
    # The numbers of such columns are read even if all are equal, but 3次 is no number.
    if usual in ("number", "instant") and not ({usual, "date"} & column.types.types):
        usual = ""
    if plain in column_mapping.TEXT_ATTRIBUTES and usual != "text":
        usual = column.types.guess_text()
    sample = " · ".join(list(column.types.distinct)[:3])[:100]
    question = plan.ask(
        key,
        heading=column.heading,
        text=_("What does “%(heading)s” hold?") % {"heading": column.heading},
        choices=[
            Choice(name, str(TYPE_LABELS[name]), sample if name == "text" else "")
            for name in TYPES
        ],
        suggestion=usual or column.types.guess(column.heading),
    )
    return question.value


# Dates


def _is_past(column: ColumnEvidence) -> bool:
    """Return whether the field's dates are of the past; an attribute's may be ahead."""
    # Facts have rules of their own for times, and options for them.
    target = column.plan.target
    return column.kind == "date" and target.key != "facts" and target.dates_are_past


def _ask_order(
    plan: ImportPlan,
    name: str,
    column: ColumnEvidence,
    columns: Mapping[str, ColumnEvidence],
) -> str:
    given = plan.options.answers.get(f"dates:{column.heading}") or plan.options.dates
    if not column.date_texts:
        return given
    if not column.has_open_date and column.orders:
        # Every text can be read in one way only, so that any order that fits will do.
        return given or next(o for o in dates.ORDERS if o in column.orders)
    latest = plan.latest_day if _is_past(column) else None
    possible, others = list[Choice](), list[Choice]()
    for order in dates.ORDERS:
        shown = []
        for date_text in list(column.date_texts)[:MAX_SHOWN]:
            try:
                naive, _offset = dates.parse(date_text, order, latest)
            except dates.InvalidDate:
                continue
            shown.append(f"{date_text} → {naive:%Y-%m-%d}")
        sample = _("; ").join(shown[:2]) or _("fits none of these dates")
        is_possible = shown and (order in column.orders or not column.orders)
        choice = Choice(order, str(ORDER_LABELS[order]), sample, bool(shown))
        (possible if is_possible else others).append(choice)
    if column.orders:
        text = _("Dates in “%(heading)s” can be read in several ways.")
    else:
        text = _("Dates in “%(heading)s” contradict each other.")
    question = plan.ask(
        f"dates:{column.heading}",
        heading=column.heading,
        text=text % {"heading": column.heading},
        # All orders, since --dates answers for all columns of the file.
        choices=[*possible, *others],
        suggestion=_suggest_order(column, columns),
        evidence=" ".join(sorted(column.orders)),
    )
    return question.value


def _suggest_order(
    column: ColumnEvidence, columns: Mapping[str, ColumnEvidence]
) -> str:
    if len(column.orders) == 1:
        return next(iter(column.orders))
    orders = set(column.orders)
    if column.kind == "date":
        # What was paid, joined or born in the future cannot be meant.
        orders &= column.likely_orders
    if len(orders) != 1:
        # Programs write all dates of a file alike.
        others = [
            next(iter(other.orders))
            for other in columns.values()
            if other is not column and len(other.orders) == 1
        ]
        if len(set(others)) == 1:
            orders = column.orders & set(others)
    return next(iter(orders)) if len(orders) == 1 else ""


# Numbers


def _ask_style(
    plan: ImportPlan, column: ColumnEvidence, columns: Mapping[str, ColumnEvidence]
) -> str:
    given = plan.options.answers.get(f"decimal:{column.heading}")
    given = given or plan.options.decimal
    if not column.has_open_number and column.styles:
        is_decided = len(column.styles) == 1
        return next(iter(column.styles)) if is_decided else given
    if column.styles:
        text = _("Numbers in “%(heading)s” can be read in two ways.")
    else:
        text = _("Numbers in “%(heading)s” contradict each other.")
    values: dict[str, list[str]] = {style: [] for style in numbers.STYLES}
    for number_text in column.number_texts:
        for style, value in numbers.readings(number_text).items():
            values[style].append(f"{number_text} → {value.normalize():f}")
    question = plan.ask(
        f"decimal:{column.heading}",
        heading=column.heading,
        text=text % {"heading": column.heading},
        choices=[
            Choice(style, str(STYLE_LABELS[style]), _("; ").join(values[style][:2]))
            for style in numbers.STYLES
        ],
        suggestion=_suggest_style(plan, column, columns),
        evidence=" ".join(sorted(column.styles)),
    )
    return question.value


def _suggest_style(
    plan: ImportPlan, column: ColumnEvidence, columns: Mapping[str, ColumnEvidence]
) -> str:
    if len(column.styles) < 2:
        return "".join(column.styles)
    others = {
        next(iter(other.styles))
        for other in columns.values()
        if other is not column and len(other.styles) == 1
    }
    if len(others) == 1:
        return next(iter(others))
    # An amount of money has no three decimals, so that its thousands are separated.
    open_texts = [text for text in column.number_texts if numbers.is_ambiguous(text)]
    signs = {"," if "," in text else "." for text in open_texts}
    if column.kind != "number" or len(signs) != 1 or others:
        return ""
    # The rest of the file may look like one of a country.
    hints = set()
    if plan.source.format == "csv" and plan.source.delimiter == ";":
        hints.add(numbers.COMMA)
    for text in open_texts:
        currencies = money.find_currencies(money.split(text)[0])
        if currencies:
            is_comma = currencies[0] in COMMA_CURRENCIES
            hints.add(numbers.COMMA if is_comma else numbers.POINT)
    hint = hints.pop() if len(hints) == 1 else ""
    if signs == {","} and hint != numbers.COMMA:
        return numbers.POINT
    if signs == {"."} and hint == numbers.COMMA:
        return numbers.COMMA
    return ""


# Lists


def _ask_separator(plan: ImportPlan, name: str, column: ColumnEvidence) -> str:
    evidence = column.separators
    key = f"separator:{column.heading}"
    given = plan.options.answers.get(key) or plan.options.separator
    present = evidence.present()
    if not present:
        return given or ";"
    clear = [each for each in present if each in lists.CLEAR]
    names = [*present, *(["".join(clear)] if len(clear) > 1 else [])]
    names += [each for each in (*lists.SIGNS, lists.NONE) if each not in names]
    if given and given not in names and lists.is_separator(given):
        names.append(given)
    labels = {
        lists.NONE: _("nothing: one entry per cell"),
        "space": _("a space"),
        "newline": _("a line break"),
    }
    question = plan.ask(
        key,
        heading=column.heading,
        text=_("What separates the entries in “%(heading)s”?")
        % {"heading": column.heading},
        choices=[
            Choice(each, labels.get(each, each), _describe_separator(evidence, each))
            for each in names
        ],
        suggestion=evidence.suggest(
            _list_tags(plan) if name in ("tag", "tags") else frozenset()
        ),
        evidence=" ".join(sorted(present)),
    )
    return question.value


def _describe_separator(evidence: lists.SeparatorEvidence, separator: str) -> str:
    """Return what the separator makes of a cell, and of how many."""
    sample = evidence.sample(separator)
    if not sample or separator == lists.NONE:
        return sample
    return _("%(sample)s, in %(count)s of %(all)s different cells") % {
        "sample": sample,
        "count": f"{evidence.count(separator):,}",
        "all": f"{len(evidence.cells):,}",
    }


def _list_tags(plan: ImportPlan) -> frozenset[str]:
    tags = Tag.objects.filter(community=plan.community)
    return frozenset(itertools.chain(*tags.values_list("key", "name")))
