"""How conditions on attributes read after “everyone who …”."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop

from qunce.sets.rules import relative_days
from qunce.sets.rules.grammar.days import (
    DAY,
    DAY_SPAN,
    RELATIVE_DAY,
    Literal,
    Moment,
)
from qunce.sets.rules.grammar.forms import Choice, Form, ListOf, Several, Slot, Unfit
from qunce.sets.rules.grammar.values import NUMBER, Name

NAME = Name("attr")
TIME = Choice([RELATIVE_DAY, Moment(), DAY])
PHRASES = {
    "gte": gettext_noop("has %(name)s of at least %(value)s"),
    "gt": gettext_noop("has %(name)s over %(value)s"),
    "lte": gettext_noop("has %(name)s of at most %(value)s"),
    "lt": gettext_noop("has %(name)s under %(value)s"),
}
TIME_PHRASES = {
    "gte": gettext_noop("has %(name)s on or after %(value)s"),
    "gt": gettext_noop("has %(name)s after %(value)s"),
    "lte": gettext_noop("has %(name)s on or before %(value)s"),
    "lt": gettext_noop("has %(name)s before %(value)s"),
}
TEXT_PHRASES = {
    "ne": gettext_noop("has %(name)s other than %(value)s"),
    "contains": gettext_noop("has %(name)s containing %(value)s"),
    "starts": gettext_noop("has %(name)s starting with %(value)s"),
}
DAY_PHRASES = {
    "eq": gettext_noop("on %(day)s"),
    "gte": gettext_noop("on or after %(day)s"),
    "gt": gettext_noop("after %(day)s"),
    "lte": gettext_noop("on or before %(day)s"),
    "lt": gettext_noop("before %(day)s"),
}


def _unpack_values(args: dict[str, Any]) -> dict[str, Any]:
    """With `in`: a single value that must be equal is a list of one."""
    if args.get("during") == "today":
        args["eq"] = args.pop("during")
    if "eq" in args:
        args["in"] = [args.pop("eq")]
    return args


def _not_today(args: dict[str, Any]) -> dict[str, Any]:
    if args.get("during") == "today":
        raise Unfit(args)
    return args


def _unpack_span(args: dict[str, Any]) -> dict[str, Any]:
    """The fields of an anniversary that is in a span; `within` is its old name."""
    span = dict(args.pop("anniversary"))
    if "within" in span:
        span["next"] = span.pop("within")
    return args | _not_today(span)


def _unpack_days(args: dict[str, Any]) -> dict[str, Any]:
    days = dict(args["anniversary"])
    if days == {"during": "today"}:
        days = {"eq": "today"}
    return {**args, "anniversary": days}


def _pack_anniversary(args: dict[str, Any]) -> dict[str, Any]:
    rest = {k: v for k, v in args.items() if k != "name"}
    return {"name": args["name"], "anniversary": rest}


def _known(template: str, *, known: bool) -> Form:
    return Form(template, {"name": NAME}, fixed={"known": known})


FORMS = (
    Form(
        gettext_noop("has %(name)s %(value)s"),
        {"name": NAME, "value": Slot(ListOf(Literal()), "in")},
        unpack=_unpack_values,
    ),
    *(
        Form(template, {"name": NAME, "value": Slot(Literal(), comparison)})
        for comparison, template in TEXT_PHRASES.items()
    ),
    *(
        Form(template, {"name": NAME, "value": Slot(TIME, comparison)})
        for comparison, template in TIME_PHRASES.items()
    ),
    *(
        Form(
            template,
            {"name": NAME, "value": Slot(Choice([NUMBER, Literal()]), comparison)},
        )
        for comparison, template in PHRASES.items()
    ),
    _known(gettext_noop("has a known %(name)s"), known=True),
    _known(gettext_noop("has no known %(name)s"), known=False),
    Form(
        gettext_noop("has %(name)s %(when)s"),
        {"name": NAME, "when": Slot(DAY_SPAN, fields=relative_days.SPANS)},
        unpack=_not_today,
    ),
    Form(
        gettext_noop("has an anniversary of %(name)s %(when)s"),
        {"name": NAME, "when": Slot(DAY_SPAN, fields=relative_days.SPANS)},
        unpack=_unpack_span,
        pack=_pack_anniversary,
    ),
    Form(
        gettext_noop("has an anniversary of %(name)s %(when)s"),
        {
            "name": NAME,
            "when": Slot(
                Several(
                    [
                        Form(template, {"day": Slot(RELATIVE_DAY, sign)})
                        for sign, template in DAY_PHRASES.items()
                    ],
                    gettext_noop(" and "),
                ),
                "anniversary",
            ),
        },
        unpack=_unpack_days,
    ),
)
