"""Export of members as CSV or an Excel workbook, recorded as a fact.

The people are a set frozen at the start and are read a thousand at a time, so that
exporting a million needs little memory. Cells are quoted so that no spreadsheet runs
them as formulas.
"""

from __future__ import annotations

import io
import itertools
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from qunce.core import communities, csv_safety, errors, permissions
from qunce.core.facts import facts, interned_names
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts, channel_labels, masking
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account, Identifier
from qunce.members.attributes import attribute_texts, attributes
from qunce.members.people import visibility
from qunce.members.staff_in_charge import assignments
from qunce.members.tags import levels, person_tags

if TYPE_CHECKING:
    from pyroaring import BitMap

EXPORT = permissions.declare(
    "members.export", permissions.Role.MANAGER, label=gettext_lazy("export members")
)
FORMATS = ("csv", "xlsx")
PAGE_SIZE = 1_000
MAX_WORKBOOK_ROWS = 1_048_575
"""Rows of a sheet, without the headings."""
OTHER_SEPARATORS = frozenset('";；,，、|｜/／#+＋&＆·•')
"""Characters for which imports might take a list apart in another way."""
BOM = b"\xef\xbb\xbf"
"""Spreadsheets need it to recognise UTF-8."""


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


KIND_LABELS = {"phone": gettext_lazy("Phone"), "email": gettext_lazy("E-mail")}


@dataclass(frozen=True)
class Table(ABC):
    """Rows of text for a staff member, written as CSV or as a workbook."""

    by: Staff

    @abstractmethod
    def headings(self) -> list[str]: ...

    @abstractmethod
    def pages(self) -> Iterator[list[list[str]]]:
        """The rows, some at a time."""

    def csv(self) -> Iterator[bytes]:
        """The file, page by page."""
        # It is streamed after the request, when no language is active any more.
        with translation.override(self.by.language):
            yield BOM
            for rows in itertools.chain([[self.headings()]], self.pages()):
                text = io.StringIO()
                csv_safety.write_rows(text, rows)
                yield text.getvalue().encode()

    def xlsx(self, file: BinaryIO) -> None:
        """Write the workbook to a file."""
        import xlsxwriter

        options = {
            # A workbook in memory would grow with every member.
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
        }
        with xlsxwriter.Workbook(file, options) as workbook:
            sheet = workbook.add_worksheet()
            pages = itertools.chain([[self.headings()]], self.pages())
            for number, row in enumerate(itertools.chain.from_iterable(pages)):
                for column, cell in enumerate(row):
                    # Excel refuses files with more than 32,767 characters in a cell.
                    sheet.write_string(number, column, cell[:32_000])


@dataclass(frozen=True)
class Export(Table):
    """Everything about members, as imports read it. `people` are person ids."""

    at: datetime
    people: Sequence[int]
    attributes: Sequence[attributes.Attribute]
    identifier_kinds: Sequence[str]
    sources: dict[int, str] = field(repr=False)

    def headings(self) -> list[str]:
        return [
            _("Key"),
            pgettext("person", "Name"),
            _("Channel"),
            _("Joined"),
            _("Left"),
            _("Source"),
            *(str(KIND_LABELS.get(kind, kind)) for kind in self.identifier_kinds),
            *(attribute.label for attribute in self.attributes),
            _("Staff in charge"),
            _("Tags"),
        ]

    def pages(self) -> Iterator[list[list[str]]]:
        for chunk in account_queries.chunks(self.people, PAGE_SIZE):
            page: list[list[str]] = []
            # A few queries per page rather than per member.
            accounts_by_person = account_queries.accounts_by_person(chunk)
            ids = list(itertools.chain(*accounts_by_person.values()))
            rows = Account.objects.filter(pk__in=ids, erased_at__isnull=True)
            accounts_by_id = {row.pk: row for row in rows}
            identifiers = self._identifiers(ids)
            values = attributes.values_by_person(accounts_by_person)
            tags = person_tags.tags_by_person(accounts_by_person)
            staff = assignments.staff_by_person(accounts_by_person)
            for person, own_ids in accounts_by_person.items():
                own = [accounts_by_id[pk] for pk in own_ids if pk in accounts_by_id]
                if not own:  # erased since the start
                    continue
                first = own[0]
                # A person has left only when all of their accounts have.
                left = [a.left_at for a in own if not a.present and a.left_at]
                row = [
                    masking.key(first.key, self.by),
                    next((account.name for account in own if account.name), ""),
                    channel_labels.label_of(first.channel),
                    self._local_time(min(account.joined_at for account in own)),
                    self._local_time(max(left)) if len(left) == len(own) else "",
                    self.sources.get(first.source_id or 0, ""),
                ]
                for kind in self.identifier_kinds:
                    texts = [
                        t for pk in own_ids for t in identifiers.get((pk, kind), ())
                    ]
                    row.append("; ".join(dict.fromkeys(texts)))
                for attribute in self.attributes:
                    value = values[person].get(attribute.name)
                    row.append(
                        attribute_texts.exact(attribute, value.text, by=self.by)
                        if value
                        else ""
                    )
                row.append(staff[person].login if person in staff else "")
                row.append(
                    _list_cell(
                        levels.join_depth(tag.tag.key, tag.depth)
                        for tag in tags[person]
                    )
                )
                page.append(row)
            yield page

    def _local_time(self, time: datetime) -> str:
        local = time.astimezone(communities.zone(self.by.community))
        # Exact, so that an import of the export changes nothing.
        fraction = f"{local:.%f}" if local.microsecond else ""
        return f"{local:%Y-%m-%d %H:%M:%S}{fraction}"

    def _identifiers(self, ids: Sequence[int]) -> dict[tuple[int, str], list[str]]:
        """(account id, kind) → identifiers, as `by` may read them."""
        identifiers: dict[tuple[int, str], list[str]] = {}
        rows = Identifier.objects.filter(account_id__in=ids)
        for row in rows.order_by("account_id", "kind", "value"):
            text = masking.identifier(kind=row.kind, value=row.value, by=self.by)
            identifiers.setdefault((row.account_id, row.kind), []).append(text)
        return identifiers


def _list_cell(entries: Iterable[str]) -> str:
    """Return the entries in one cell, from which imports read the same ones."""
    texts = list(entries)
    if any(set(text) & OTHER_SEPARATORS or text.startswith("[") for text in texts):
        return json.dumps(texts, ensure_ascii=False)
    # The sign shows that the spaces in a single entry separate nothing.
    end = ";" if len(texts) == 1 and " " in texts[0] else ""
    return "; ".join(texts) + end


def start(
    *, by: Staff, at: datetime, people: BitMap, file_format: str = "csv"
) -> Export:
    """Start an export of these people, leaving out those who are not visible.

    Raises InvalidExport for an unknown format or too many rows for a workbook.
    """
    community = by.community
    return Export(
        by=by,
        at=at,
        people=begin(by=by, at=at, people=people, file_format=file_format),
        attributes=list(attributes.list_all(community)),
        identifier_kinds=account_queries.list_identifier_kinds(community),
        sources={
            pk: channel_labels.label_of(name)
            for pk, name in interned_names.names_by_id(
                accounts.SOURCE_NAMESPACE, community.pk
            ).items()
        },
    )


def begin(*, by: Staff, at: datetime, people: BitMap, file_format: str) -> list[int]:
    """Check and record an export; returns the people in it who are visible."""
    permissions.check_may(by, EXPORT)
    if file_format not in FORMATS:
        raise InvalidExport(
            _("The format must be one of: %(all)s.") % {"all": "csv, xlsx"}
        )
    # Frozen here, so that the number in the fact is the number of rows in the file.
    person_ids = visibility.list_visible(by=by, accounts=people, at=at)
    if file_format == "xlsx" and len(person_ids) > MAX_WORKBOOK_ROWS:
        raise InvalidExport(
            _("A workbook can hold at most %(most)s rows. Use CSV instead.")
            % {"most": MAX_WORKBOOK_ROWS}
        )
    fact = MembersExported(count=len(person_ids), file_format=file_format)
    facts.record(fact, community=by.community, by=by, at=at)
    return person_ids
