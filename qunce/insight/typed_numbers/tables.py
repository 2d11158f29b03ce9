"""Tables of typed numbers, such as a spreadsheet: a line per group, a column per number."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import errors, names
from qunce.insight.typed_numbers import cells
from qunce.insight.typed_numbers.typed_numbers import FIELDS, Entry

if TYPE_CHECKING:
    from qunce.groups.groups import Group

GROUP, DAY = "group", "day"
HEADINGS: dict[str, tuple[str, ...]] = {
    GROUP: ("group", "group name", "group key", "群", "群名", "群名称", "群聊"),
    DAY: ("day", "date", "日期", "天"),
    "members": ("members", "group members", "群人数", "人数", "群成员", "总人数"),
    "joins": ("joins", "joined", "进群", "进群人数", "入群", "入群人数", "新增"),
    "leaves": ("leaves", "left", "退群", "退群人数", "流失", "离群"),
    "speakers": ("speakers", "members who wrote", "发言人数", "发言", "活跃"),
    "messages": ("messages", "消息", "消息数", "发言条数"),
}
"""What a column holds → the headings by which it is known."""


class InvalidTable(errors.Invalid):
    """The table has no column for the groups, or none with numbers."""


@dataclass(frozen=True)
class Problem:
    """A cell that cannot be read; `row` counts from 1, the headings included."""

    row: int
    heading: str
    text: str


@dataclass(frozen=True)
class Table:
    """Entries, and the problems of the cells that have none."""

    entries: Sequence[Entry]
    problems: Sequence[Problem]


def find_columns(headings: Sequence[str]) -> dict[int, str]:
    """Position → what the column holds. Raises InvalidTable."""
    known = {word: name for name, words in HEADINGS.items() for word in words}
    columns: dict[int, str] = {}
    for index, heading in enumerate(headings):
        plain = names.clean(unicodedata.normalize("NFKC", heading)).casefold()
        if (name := known.get(plain)) and name not in columns.values():
            columns[index] = name
    if GROUP not in columns.values():
        raise InvalidTable(
            _("No column is headed “group”, so no line can be assigned.")
        )
    if not set(FIELDS) & set(columns.values()):
        raise InvalidTable(
            _("No column has numbers. Head them %(names)s.")
            % {"names": _(", ").join(FIELDS)}
        )
    return columns


def read(
    headings: Sequence[str],
    lines: Sequence[tuple[int, Sequence[str]]],
    *,
    groups: Sequence[Group],
    day: date,
) -> Table:
    """Read numbered lines; `day` is that of lines without a day of their own.

    A group is named by its key or by a name that no other group has. Empty cells stand
    for nothing that was entered.
    """
    columns = find_columns(headings)
    by_key = {group.key: group for group in groups}
    by_name: dict[str, list[Group]] = {}
    for group in groups:
        by_name.setdefault(names.clean(group.name).casefold(), []).append(group)
    entries: list[Entry] = []
    problems: list[Problem] = []
    counted: Counter[tuple[date, int]] = Counter()
    for row, texts in lines:
        found = {name: texts[index] for index, name in columns.items()}
        if not any(text.strip() for text in texts):
            continue
        heading = headings[next(i for i, name in columns.items() if name == GROUP)]
        try:
            group = _find_group(found[GROUP], by_key, by_name)
            heading = DAY
            own_day = _read_day(found.get(DAY, ""), day)
        except InvalidTable as error:
            problems.append(Problem(row, heading, str(error)))
            continue
        counted[own_day, group.pk] += 1
        if counted[own_day, group.pk] == 2:
            text = _("“%(group)s” is in the table twice for %(day)s.")
            problems.append(
                Problem(row, heading, text % {"group": group.name, "day": own_day})
            )
        for index, name in columns.items():
            if name not in FIELDS:
                continue
            try:
                value = cells.parse(texts[index])
            except cells.InvalidCell as error:
                problems.append(Problem(row, headings[index], str(error)))
                continue
            if value is not None:
                entries.append(Entry(group=group, day=own_day, field=name, value=value))
    return Table(entries, problems)


def _find_group(
    text: str, by_key: Mapping[str, Group], by_name: Mapping[str, Sequence[Group]]
) -> Group:
    name = names.clean(text)
    if name in by_key:
        return by_key[name]
    named = by_name.get(name.casefold(), ())
    if len(named) == 1:
        return named[0]
    if named:
        raise InvalidTable(
            _("%(n)s groups are called “%(name)s”. Use the key of the group.")
            % {"n": len(named), "name": name[:80]}
        )
    raise InvalidTable(_("There is no group “%(key)s”.") % {"key": name[:80]})


def _read_day(text: str, default: date) -> date:
    plain = unicodedata.normalize("NFKC", text).strip().replace("/", "-")
    if not plain:
        return default
    try:
        return date.fromisoformat(plain[:10])
    except ValueError:
        raise InvalidTable(
            _("“%(text)s” is not a day. Write it as 2026-03-05.") % {"text": plain[:40]}
        ) from None
