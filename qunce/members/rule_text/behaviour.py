"""What somebody did, in words: the clauses `did` and `seq`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.members.rule_text import phrases
from qunce.members.rule_text.phrases import fill, happening, joined, value, window, word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qunce.members.rule_text.phrases import Names, Pieces

TIMES = {
    "times": gettext_noop("%(n)s times"),
    "days": gettext_noop("on %(n)s different days"),
    "weeks": gettext_noop("in %(n)s different weeks"),
}
NEVER = ({"eq": 0}, {"lte": 0}, {"lt": 1})
ONCE = ({"gte": 1}, {"gt": 0})


@phrases.phrase("did")
def _did(args: Any, names: Names) -> Pieces:
    kind, when = happening(args, names), window(args)
    parts = [_counted(how, args[how], kind, when) for how in TIMES if how in args]
    if "sum" in args:
        parts.append(_summed(args["sum"], kind, when))
    if "first" in args:
        template = _("%(kind)s for the first time %(window)s")
        parts.append(fill(template, kind=kind, window=window(args["first"])))
    if "last" in args:
        template = _("%(kind)s for the last time %(window)s")
        parts.append(fill(template, kind=kind, window=window(args["last"])))
    if not parts:
        parts.append(_counted("times", {"gte": 1}, kind, when))
    return joined([phrases.tidy(part) for part in parts], _(" and "))


def _counted(how: str, bounds: Any, kind: Pieces, when: Pieces) -> Pieces:
    if how == "times" and bounds in NEVER:
        return fill(_("never %(kind)s %(window)s"), kind=kind, window=when)
    times = word("")
    if (how, bounds) not in [("times", once) for once in ONCE]:
        times = fill(_(TIMES[how]), n=phrases.compared(bounds))
    template = _("%(kind)s %(times)s %(window)s")
    return fill(template, kind=kind, times=times, window=when)


def _summed(args: Mapping[str, Any], kind: Pieces, when: Pieces) -> Pieces:
    bounds = {sign: bound for sign, bound in args.items() if sign != "field"}
    return fill(
        _("%(kind)s with a total %(field)s of %(n)s %(window)s"),
        kind=kind,
        field=value(args["field"]),
        n=phrases.compared(bounds),
        window=when,
    )


@phrases.phrase("seq")
def _seq(args: Any, names: Names) -> Pieces:
    steps = joined([happening(step, names) for step in args["steps"]], " → ")
    parts = [fill(_("did the following in order: %(steps)s"), steps=steps)]
    if "within" in args:
        n = value(int(args["within"][:-1]))
        days = _("within %(n)s days") if args["within"][-1] == "d" else None
        parts.append(fill(days or _("within %(n)s hours"), n=n))
    if "during" in args:
        parts.append(window(args["during"]))
    return joined(parts, _(", "))
