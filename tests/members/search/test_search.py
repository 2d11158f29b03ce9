"""Members are found by name, pinyin, key and identifier, if they are visible."""

from __future__ import annotations

import pyarrow as pa
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from qunce.members.search import name_index, search
from qunce.members.tags import assignments
from qunce.sets.mirror import deriver, mirror
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases


def names(by: Staff, query: str) -> list[str]:
    """Names of the people found, in the order of their accounts."""
    people = search.find(by=by, query=query, at=LATER)
    rows = account_models.Account.objects.filter(pk__in=list(people)).order_by("pk")
    return [str(row) for row in rows]


@pytest.fixture
def filled(shop: Community) -> Community:
    factories.member(shop, "c-1", name="王芳", identifiers={"phone": "13800138001"})
    factories.member(shop, "c-2", name="王小芳", identifiers={"email": "Fang@shop.cn"})
    factories.member(
        shop, "13900139002", name="Ann Lee", identifiers={"wechat": "oXyZ9"}
    )
    return shop


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("芳", ["王芳", "王小芳"]),
        ("王芳", ["王芳"]),
        ("wangf", ["王芳"]),
        ("wxf", ["王小芳"]),
        ("c-", ["王芳", "王小芳"]),
        ("13800", ["王芳"]),
        ("+86 138 0013 8001", ["王芳"]),
        ("fang@", ["王小芳"]),
        ("oXyZ", ["Ann Lee"]),
        ("1390013", ["Ann Lee"]),
        ("ann l", ["Ann Lee"]),
        ("ＬＥＥ", ["Ann Lee"]),
        ("", []),
        ("%", []),
        ("\x00\ud800\u202e", []),
        ("李" * 500, []),
    ],
)
def test_members_are_found_by_name_pinyin_key_and_identifier(
    filled: Community, by: Staff, query: str, found: list[str]
) -> None:
    assert names(by, query) == found


@pytest.mark.parametrize("query", ["1380013", "fang@", "oXyZ", "1390013"])
def test_operator_cannot_guess_identifiers_digit_by_digit(
    filled: Community, query: str
) -> None:
    """S3: staff who see 138****8001 cannot find out the other digits one by one."""
    staff = factories.staff(filled, "operator")
    assert names(staff, query) == []
    assert len(names(factories.staff(filled, login="owner"), query)) == 1


@pytest.fixture
def tails(shop: Community) -> Community:
    for key, phone in (("p-1", "13800077007"), ("p-2", "+12015557007")):
        factories.member(shop, key, name=key, identifiers={"phone": phone})
    factories.member(shop, "short", name="short", identifiers={"phone": "62827007"})
    # Its phone is its key, and a tail that another kind of identifier has is no phone's.
    factories.member(shop, "13911117007", name="keyed")
    factories.member(shop, "o-1", name="other", identifiers={"wechat": "wx7007"})
    return shop


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("7007", ["p-1", "p-2", "short", "keyed"]),
        ("７００７", ["p-1", "p-2", "short", "keyed"]),
        ("77007", ["p-1"]),
        ("0077007", ["p-1"]),
        ("77-007", ["p-1"]),
        ("0007 7007", ["p-1"]),
        ("201 555 7007", ["p-2"]),
        ("007", []),
        ("7006", []),
        ("_007", []),
        ("%7007", []),
    ],
)
def test_phones_are_found_by_their_last_digits(
    tails: Community, by: Staff, query: str, found: list[str]
) -> None:
    assert names(by, query) == found
    suggested = search.suggest(by=by, query=query, at=LATER)
    rows = account_models.Account.objects.in_bulk(suggested)
    assert sorted(str(rows[pk]) for pk in suggested) == sorted(found)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        # The four digits that a masked phone shows, but not of a phone that shows two.
        ("7007", ["p-1", "p-2", "keyed"]),
        ("77007", []),
        ("0077007", []),
        ("13800077007", ["p-1"]),
    ],
)
def test_masked_phones_are_found_by_the_digits_that_are_shown(
    tails: Community, query: str, found: list[str]
) -> None:
    assert names(factories.staff(tails, "operator"), query) == found


def test_whole_key_comes_before_phones_that_end_with_it(
    tails: Community, by: Staff
) -> None:
    whole = factories.member(tails, "7007", name="whole")
    assert search.suggest(by=by, query="7007", at=LATER)[0] == whole.pk


def test_phones_are_found_by_their_tail_within_the_scope(tails: Community) -> None:
    other = factories.staff(factories.community("other"), login="eve")
    assert search.suggest(by=other, query="7007", at=LATER) == []
    assert not search.find(by=other, query="7007", at=LATER)


def test_tail_is_read_from_its_index(tails: Community, by: Staff) -> None:
    with CaptureQueriesContext(connection) as queries:
        search.find(by=by, query="77007", at=LATER)
    (sql,) = (q["sql"] for q in queries if "LENGTH(value)" in q["sql"])
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Of so small a table any index is as good.
            cursor.execute("SELECT indexname FROM pg_indexes")
        else:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        plan = str(cursor.fetchall())
    assert "phone_by_tail" in plan


@pytest.mark.parametrize("query", ["13800138001", "fang@shop.cn", "13900139002"])
def test_operator_finds_by_the_full_identifier(filled: Community, query: str) -> None:
    assert len(names(factories.staff(filled, "operator"), query)) == 1


def test_changes_are_found_immediately(filled: Community, by: Staff) -> None:
    ann = account_queries.get(filled, "13900139002")
    accounts.update(account=ann, name="李安", by=by, at=AT)
    assert names(by, "lian") == ["李安"]
    assert names(by, "ann") == []
    people.erase(account=ann, by=by, at=AT)
    assert names(by, "lian") == []


def test_merged_person_is_found_once_by_any_account(
    filled: Community, by: Staff
) -> None:
    left, right = account_queries.get(filled, "c-1"), account_queries.get(filled, "c-2")
    people.merge(left=left, right=right, by=by, at=AT)
    assert names(by, "芳") == ["王芳"]
    assert search.suggest(by=by, query="c-2", at=LATER) == [left.pk]


def test_most_likely_people_come_first(filled: Community, by: Staff) -> None:
    factories.member(filled, "c-3", name="大王")
    people = search.suggest(by=by, query="王", at=LATER)
    suggested = [account_models.Account.objects.get(pk=pk).name for pk in people]
    assert suggested == ["王小芳", "王芳", "大王"]


def test_suggested_people_are_visible(filled: Community) -> None:
    tag = factories.tag(filled, "mine")
    system = staff_models.system(filled)
    fang = account_queries.get(filled, "c-2").pk
    assignments.apply(tag=tag, accounts=[fang], by=system, at=AT)
    narrow = staff_models.create(
        community=filled, login="n", scope={"tag": {"any": ["mine"]}}, at=AT
    )
    assert search.suggest(by=narrow, query="芳", at=LATER) == [fang]
    other = factories.staff(factories.community("other"), login="eve")
    assert search.suggest(by=other, query="芳", at=LATER) == []
    assert not search.find(by=other, query="芳", at=LATER)


@pytest.mark.django_db(transaction=True)
def test_index_is_saved_and_caught_up(
    shop: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a restart, after many changes, and with a file ahead of the database."""
    by = staff_models.system(shop)
    name_index.clear()
    monkeypatch.setattr(name_index, "MAX_CHANGED_ACCOUNTS", 3)
    deriver.catch_up()
    folder = mirror.folder(mirror.position().folder)
    folder.mkdir(parents=True, exist_ok=True)
    factories.member(shop, "one", name="甲")
    assert names(by, "甲") == ["甲"]
    (first,) = folder.glob(f"names-{shop.pk}-*")
    factories.member(shop, "two", name="乙")
    assert names(by, "yi") == ["乙"]
    for number in range(4):
        factories.member(shop, f"more-{number}", name="丙")
    assert names(by, "bing") == ["丙"] * 4
    (second,) = folder.glob(f"names-{shop.pk}-*")
    assert second != first
    name_index.clear()
    accounts.update(account=account_queries.get(shop, "two"), name="丁", by=by, at=AT)
    assert names(by, "ding") == ["丁"] and names(by, "yi") == []
    second.rename(folder / f"names-{shop.pk}-999.arrow")
    name_index.clear()
    assert names(by, "甲") == ["甲"]
    name_index.clear()


TEXT = st.text("ab王芳", max_size=5)


@given(st.lists(TEXT, max_size=20), TEXT.filter(bool))
def test_substring_is_found_at_every_position(texts: list[str], substring: str) -> None:
    column = name_index.TextColumn(pa.array(texts, pa.large_string()))
    # Without a mark between them, a match may span two texts.
    marked = name_index.TextColumn(
        pa.array([f"\x1e{t}" for t in texts], pa.large_string())
    )
    assert marked.find(substring).tolist() == [
        row for row, text in enumerate(texts) if substring in text
    ]
    assert set(column.find(substring)) >= set(marked.find(substring))


def test_whole_names_come_first_and_scopes_are_asked_before_the_list_is_cut(
    shop: Community, by: Staff
) -> None:
    numbers = [77, *range(770, 780), *range(7700, 7730)]
    for number in numbers:
        factories.member(shop, f"h{number}", name=f"Household {number}")
    scope = {"members": {"keys": ["h77", "h770", "h7701"]}}
    scoped = factories.staff(shop, "operator", "scoped", scope=scope)
    for staff, count in ((by, 6), (scoped, 3)):
        found = search.suggest(by=staff, query="household 77", at=LATER, limit=6)
        accounts_by_id = account_models.Account.objects.in_bulk(found)
        assert len(found) == count
        assert accounts_by_id[found[0]].name == "Household 77"
