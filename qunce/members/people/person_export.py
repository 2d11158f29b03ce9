"""Export of everything that is stored about one person, for the person themselves.

An archive of JSON files. Each application registers what it stores; what it forgets to
register is missing from the archive, so that a test compares it with the tables.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import permissions
from qunce.core.facts import facts
from qunce.members.accounts import masking
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

EXPORT = permissions.declare(
    "members.export_person",
    permissions.Role.MANAGER,
    label=gettext_lazy("export the data of one person"),
)


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PersonExported(facts.FactKind):
    kind = "member.data_exported"
    label = gettext_lazy("personal data exported")


Records = list[Mapping[str, Any]]
Section = Callable[["Community", Sequence[int]], Records]
_sections: dict[str, Section] = {}


def register(name: str) -> Callable[[Section], Section]:
    """Register a function that returns what is stored about accounts.

    `name` is that of the file in the archive.
    """

    def decorate(section: Section) -> Section:
        _sections[name] = section
        return section

    return decorate


@dataclass(frozen=True)
class PersonData:
    """The sections of one person; `key` names the archive."""

    key: str
    sections: dict[str, Records]

    def to_zip(self) -> bytes:
        """An archive with a JSON file per section that is not empty."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, records in self.sections.items():
                if records:
                    text = json.dumps(
                        records, ensure_ascii=False, indent=2, default=_to_json
                    )
                    archive.writestr(f"{name}.json", text)
        return content.getvalue()


def _to_json(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def export(*, account: int, by: Staff, at: datetime) -> PersonData:
    """Everything about the person behind an account, recorded in the audit log."""
    permissions.check_may(by, EXPORT)
    # An archive with masked numbers, or without some groups, would not be what the person asked for.
    permissions.check_may(by, masking.VIEW_IDENTIFIERS)
    if by.groups is not None:
        raise permissions.ScopeTooNarrow(
            _("Only staff who see all groups may export all data of a person.")
        )
    row = visibility.get(by=by, account=account, at=at)
    ids = account_queries.account_ids_of_person(row.pk)
    sections = {
        name: section(row.community, ids) for name, section in sorted(_sections.items())
    }
    fact = PersonExported(account=ids[0])
    facts.record(fact, community=row.community, by=by, at=at)
    return PersonData(f"member-{ids[0]}", sections)


def count(community: Community, accounts: Sequence[int]) -> dict[str, int]:
    """How many records each part of the export of a person has."""
    return {
        name: len(section(community, accounts))
        for name, section in sorted(_sections.items())
    }
