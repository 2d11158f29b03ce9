"""S3: members are exported by permitted staff, recorded as a fact, without formulas."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.people import people
from qunce.members.search import export as member_export
from qunce.members.tags import assignments
from qunce.sets import audiences
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases
EVERYONE: dict[str, Any] = {"with_left": {"all": []}}


@pytest.fixture
def filled(shop: Community, by: Staff) -> Community:
    phone = {"phone": "+4915112345678"}
    ann = factories.member(
        shop, "c-1", name="=HYPERLINK(1)", identifiers=phone, source="qr"
    )
    bob = factories.member(shop, "c-2", name="Bob, “B”\n")
    too = factories.member(shop, "c-3", name="Too")
    city = attributes.define(community=shop, name="city", type="text", by=by, at=AT)
    attributes.set_values(attribute=city, values={ann.pk: "西安"}, by=by, at=AT)
    for key in ("vip", "koc"):
        assignments.apply(tag=factories.tag(shop, key), accounts=[ann.pk], by=by, at=AT)
    people.merge(left=bob, right=too, by=by, at=AT)
    for account in (bob, too):
        accounts.leave(account=account, by=by, at=LATER)
    return shop


def start(by: Staff, file_format: str = "csv") -> member_export.Export:
    by.language = "en"
    people = audiences.people(community=by.community, rule=EVERYONE, by=by, at=LATER)
    return member_export.start(by=by, at=LATER, people=people, file_format=file_format)


def read(export: member_export.Export) -> list[dict[str, str]]:
    text = b"".join(export.csv()).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_export_has_one_row_per_person_with_all_their_data(
    filled: Community, by: Staff
) -> None:
    ann, bob = read(start(by))
    assert ann == {
        "Key": "c-1",
        "Name": "'=HYPERLINK(1)",
        "Channel": "from a file",
        "Joined": "2026-03-05 20:00:00",
        "Left": "",
        "Source": "qr",
        "Phone": "+4915112345678",
        "city": "西安",
        "Staff in charge": "",
        "Tags": "koc; vip",
    }
    assert (bob["Key"], bob["Name"]) == ("c-2", "Bob, “B”")
    assert bob["Left"] == "2026-03-06 20:00:00"
    (fact,) = factories.recorded_facts(filled, "member.exported")
    assert fact == (None, {"count": 2, "file_format": "csv"})


def test_headings_are_in_the_staffs_language(filled: Community, by: Staff) -> None:
    export = start(by)
    export.by.language = "zh-hans"
    assert "姓名" in b"".join(export.csv()).decode("utf-8-sig").splitlines()[0]


def test_workbook_has_text_and_no_formulas(filled: Community, by: Staff) -> None:
    file = io.BytesIO()
    start(by, "xlsx").xlsx(file)
    file.seek(0)
    rows = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).to_python()
    assert rows[1][:2] == ["c-1", "=HYPERLINK(1)"]
    assert len(rows) == 3


def test_operators_may_not_export_and_the_scope_applies(
    filled: Community, by: Staff
) -> None:
    with pytest.raises(permissions.NotAllowed):
        start(factories.staff(filled, "operator", login="olga"))
    narrow = staff_models.create(
        community=filled,
        login="n",
        role="manager",
        scope={"members": {"keys": ["c-1"]}},
        at=AT,
    )
    people = audiences.people(community=filled, rule=EVERYONE, by=by, at=LATER)
    narrow.language = "en"
    export = member_export.start(by=narrow, at=LATER, people=people)
    assert [row["Key"] for row in read(export)] == ["c-1"]


def test_person_erased_after_the_start_is_not_exported(
    filled: Community, by: Staff
) -> None:
    export = start(by)
    people.erase(account=account_queries.get(filled, "c-1"), by=by, at=LATER)
    assert [row["Key"] for row in read(export)] == ["c-2"]


@pytest.mark.parametrize(
    ("file_format", "max_rows"), [("pdf", member_export.MAX_WORKBOOK_ROWS), ("xlsx", 1)]
)
def test_unknown_formats_and_too_large_workbooks_are_rejected(
    filled: Community,
    by: Staff,
    file_format: str,
    max_rows: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(member_export, "MAX_WORKBOOK_ROWS", max_rows)
    with pytest.raises(member_export.InvalidExport):
        start(by, file_format)
