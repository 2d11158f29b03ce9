"""The staff who have not finished, in one line that a manager copies into the staff's chat."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MAX_NAMES = 12


def describe(left: Iterable[tuple[str, int]], *, in_groups: bool = False) -> str:
    """“7 groups left: 4 Wang, 3 Li”, the most first; empty if nothing is left."""
    rows = sorted(
        ((count, name) for name, count in left if count),
        key=lambda row: (-row[0], row[1]),
    )
    total = sum(count for count, _name in rows)
    if not total:
        return ""
    names = _(", ").join(
        _("%(n)s %(name)s") % {"n": f"{count:,}", "name": name}
        for count, name in rows[:MAX_NAMES]
    )
    if len(rows) > MAX_NAMES:
        names = _("%(names)s and others") % {"names": names}
    if in_groups:
        text = ngettext(
            "%(n)s group left: %(names)s", "%(n)s groups left: %(names)s", total
        )
    else:
        text = ngettext("%(n)s left: %(names)s", "%(n)s left: %(names)s", total)
    return text % {"n": f"{total:,}", "names": names}


def reminder(
    left: Iterable[tuple[str, int]], *, title: str, due: str, in_groups: bool = False
) -> str:
    """A reminder for all who have something left, empty if nobody has."""
    text = describe(left, in_groups=in_groups)
    if not text:
        return ""
    if due:
        return _("“%(title)s”, due %(due)s. %(left)s. Please finish it today.") % {
            "title": title,
            "due": due,
            "left": text,
        }
    return _("“%(title)s”. %(left)s. Please finish it today.") % {
        "title": title,
        "left": text,
    }
