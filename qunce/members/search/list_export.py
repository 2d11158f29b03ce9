"""Export of the member list as it is shown: the same columns, in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.columns.columns import EMPTY, Column, People
from qunce.members.search import export, member_list
from qunce.members.search.export import Table
from qunce.members.search.member_list import Order
from qunce.sets.bitmaps import bitmaps


@dataclass(frozen=True)
class ListExport(Table):
    """A started export, to be written once. `people` are person ids in their order."""

    at: datetime
    people: Sequence[int]
    columns: Sequence[Column]

    def headings(self) -> list[str]:
        return [
            _("Key"),
            pgettext("person", "Name"),
            *(str(column.label) for column in self.columns),
        ]

    def pages(self) -> Iterator[list[list[str]]]:
        for chunk in account_queries.chunks(self.people, export.PAGE_SIZE):
            rows = member_list.load_rows(chunk, by=self.by)
            own = account_queries.accounts_by_person(chunk)
            people = People(own, self.by, self.at)
            cells = [column.cells(people) for column in self.columns]
            yield [
                [
                    row.key,
                    row.name,
                    *(each.get(row.id, EMPTY).exported for each in cells),
                ]
                for row in rows
            ]


def start(
    *,
    by: Staff,
    at: datetime,
    order: Order,
    columns: Sequence[Column],
    file_format: str = "csv",
) -> ListExport:
    """Start an export of these people in their order, without those who are not visible.

    Raises InvalidExport like `export.start`.
    """
    ids = bitmaps.of(order.ids)
    visible = set(export.begin(by=by, at=at, people=ids, file_format=file_format))
    people = [person for person in order.all() if person in visible]
    return ListExport(by=by, at=at, people=people, columns=columns)
