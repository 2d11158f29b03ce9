"""Taking members out: a rule's people as CSV or a workbook, streamed, written down.

A cell that a spreadsheet would take for a formula is given as text. A million people
need no memory: they are read a thousand at a time, from a set frozen at the start.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from qunce.core import communities, errors, permissions
from qunce.core.csv_safety import csv_safe
from qunce.core.facts import facts, interned_names
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts, masking
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account, Identifier
from qunce.members.attributes import attributes
from qunce.members.people import visibility
from qunce.members.tags import assignments
from qunce.sets import audiences

if TYPE_CHECKING:
    from qunce.members.attributes.attributes import CurrentValue

EXPORT = permissions.declare("members.export", permissions.Role.MANAGER)
FORMATS = ("csv", "xlsx")
PAGE_SIZE = 1_000
MAX_WORKBOOK_ROWS = 1_048_575
"""People that fit into a workbook's sheet below the headings."""
BOM = b"\xef\xbb\xbf"
"""Without it spreadsheets take UTF-8 for something else."""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MembersExported(facts.FactKind):
    kind = "member.exported"
    label = gettext_lazy("members exported")
    count: int
    file_format: str


class InvalidExport(errors.Invalid):
    """A workbook holds about a million rows; CSV has no limit."""


# Verbs


@dataclass(frozen=True)
class Export:
    """People frozen at the start, to be written once."""

    by: Staff
    people: Sequence[int]
    attributes: Sequence[attributes.Attribute]
    kinds: Sequence[str]
    sources: dict[int, str] = field(repr=False)

    def csv(self) -> Iterator[bytes]:
        # It is written after the page has gone, when no language is chosen any more.
        with translation.override(self.by.language):
            yield from self._lines()

    def _lines(self) -> Iterator[bytes]:
        yield BOM
        for rows in itertools.chain([[self.headings()]], self._pages()):
            text = io.StringIO()
            csv.writer(text).writerows([[csv_safe(cell) for cell in r] for r in rows])
            yield text.getvalue().encode()

    def xlsx(self, file: BinaryIO) -> None:
        import xlsxwriter

        about = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
        }
        with xlsxwriter.Workbook(file, about) as book:
            sheet = book.add_worksheet()
            pages = itertools.chain([[self.headings()]], self._pages())
            for number, row in enumerate(itertools.chain.from_iterable(pages)):
                for column, cell in enumerate(row):
                    sheet.write_string(number, column, cell[:32_000])

    def headings(self) -> list[str]:
        fixed = [
            _("Key"),
            pgettext("person", "Name"),
            _("Channel"),
            _("Joined"),
            _("Left"),
            _("Source"),
        ]
        known = [_KINDS.get(kind, kind) for kind in self.kinds]
        return [
            *fixed,
            *map(str, known),
            *(each.label for each in self.attributes),
            _("Tags"),
        ]

    def _pages(self) -> Iterator[list[list[str]]]:
        for heads in account_queries.chunks(self.people, PAGE_SIZE):
            yield list(self._rows(heads))

    def _rows(self, heads: Sequence[int]) -> Iterator[list[str]]:
        people = account_queries.accounts_by_person(heads)
        every = [account for some in people.values() for account in some]
        rows = Account.objects.filter(pk__in=every, erased_at__isnull=True)
        found = {row.pk: row for row in rows}
        known, values = self._known(every), attributes.values_by_person(people)
        carried = assignments.tags_by_person(people)
        for head, some in people.items():
            mine = [found[account] for account in some if account in found]
            if mine:
                yield [
                    *self._about(mine),
                    *self._identifiers(some, known),
                    *self._values(values[head]),
                    "; ".join(each.tag.key for each in carried[head]),
                ]

    def _about(self, mine: Sequence[Account]) -> list[str]:
        left = [each.left_at for each in mine if not each.present and each.left_at]
        gone = max(left) if len(left) == len(mine) else None
        first = mine[0]
        return [
            masking.key(first.key, self.by),
            next((each.name for each in mine if each.name), ""),
            first.channel,
            self._local(min(each.joined_at for each in mine)),
            self._local(gone) if gone else "",
            self.sources.get(first.source_id or 0, ""),
        ]

    def _local(self, moment: datetime) -> str:
        local = moment.astimezone(communities.zone(self.by.community))
        return f"{local:%Y-%m-%d %H:%M:%S}"

    def _known(self, every: Iterable[int]) -> dict[tuple[int, str], list[str]]:
        found: dict[tuple[int, str], list[str]] = {}
        rows = Identifier.objects.filter(account_id__in=list(every))
        for row in rows.order_by("account_id", "kind", "value"):
            shown = masking.identifier(kind=row.kind, value=row.value, by=self.by)
            found.setdefault((row.account_id, row.kind), []).append(shown)
        return found

    def _identifiers(
        self, some: Sequence[int], known: dict[tuple[int, str], list[str]]
    ) -> Iterator[str]:
        for kind in self.kinds:
            said = [text for account in some for text in known.get((account, kind), ())]
            yield "; ".join(dict.fromkeys(said))

    def _values(self, held: dict[str, CurrentValue]) -> Iterator[str]:
        for attribute in self.attributes:
            value = held.get(attribute.name)
            yield value.text if value else ""


_KINDS = {"phone": gettext_lazy("Phone"), "email": gettext_lazy("E-mail")}


def start(*, by: Staff, at: datetime, blob: bytes, file_format: str = "csv") -> Export:
    """Let these people (a frozen audience) out, as far as they are in sight."""
    permissions.check_may(by, EXPORT)
    if file_format not in FORMATS:
        raise InvalidExport(
            _("The format must be one of: %(all)s.") % {"all": "csv, xlsx"}
        )
    community = by.community
    people = visibility.list_visible(by=by, blob=blob, at=at)
    if file_format == "xlsx" and len(people) > MAX_WORKBOOK_ROWS:
        raise InvalidExport(
            _("A workbook can hold at most %(most)s rows. Use CSV instead.")
            % {"most": MAX_WORKBOOK_ROWS}
        )
    event = MembersExported(count=len(people), file_format=file_format)
    facts.record(event, community=community, by=by, at=at)
    return Export(
        by=by,
        people=people,
        attributes=list(attributes.list_all(community)),
        kinds=account_queries.list_identifier_kinds(community),
        sources=interned_names.listed(accounts.SOURCE_NAMESPACE, community.pk),
    )


def freeze(*, by: Staff, at: datetime, rule: object) -> bytes:
    """The people of a rule, to start with."""
    return audiences.freeze(community=by.community, rule=rule, by=by, at=at)
