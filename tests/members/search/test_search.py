"""Members are found by name, pinyin, key, phone; nobody out of sight is."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
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
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases


def names(by: Staff, words: str) -> list[str]:
    """Names of those found, in the order of their accounts."""
    found = search.find(by=by, query=words, at=LATER)
    rows = account_models.Account.objects.filter(pk__in=list(found)).order_by("pk")
    return [str(row) for row in rows]


@pytest.fixture
def filled(shop: Community) -> Community:
    factories.member(shop, "c-1", name="王芳", identifiers={"phone": "13800138001"})
    factories.member(shop, "c-2", name="王小芳", identifiers={"email": "Fang@shop.cn"})
    factories.member(shop, "13900139002", name="Ann Lee", identifiers={"wechat": "oXyZ9"})
    return shop


@pytest.mark.parametrize(
    ("words", "found"),
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
def test_it_finds(filled: Community, by: Staff, words: str, found: list[str]) -> None:
    assert names(by, words) == found


@pytest.mark.parametrize("words", ["1380013", "fang@", "oXyZ", "1390013"])
def test_identifiers_are_not_told_digit_by_digit(filled: Community, words: str) -> None:
    """S3: who sees 138****8001 cannot ask for the rest one by one."""
    staff = factories.staff(filled, "operator")
    assert names(staff, words) == []


@pytest.mark.parametrize("words", ["13800138001", "fang@shop.cn", "13900139002"])
def test_an_operator_finds_by_the_whole_identifier(
    filled: Community, words: str
) -> None:
    assert len(names(factories.staff(filled, "operator"), words)) == 1


def test_changes_are_found_at_once(filled: Community, by: Staff) -> None:
    ann = account_queries.get(filled, "13900139002")
    accounts.update(account=ann, name="李安", by=by, at=AT)
    assert names(by, "lian") == ["李安"]
    assert names(by, "ann") == []
    people.erase(account=ann, by=by, at=AT)
    assert names(by, "lian") == []


def test_a_person_is_found_by_any_account_once(filled: Community, by: Staff) -> None:
    left, right = account_queries.get(filled, "c-1"), account_queries.get(filled, "c-2")
    people.merge(left=left, right=right, by=by, at=AT)
    assert names(by, "芳") == ["王芳"]
    assert search.suggest(by=by, query="c-2", at=LATER) == [left.pk]


def test_the_likeliest_come_first(filled: Community, by: Staff) -> None:
    factories.member(filled, "c-3", name="大王")
    found = search.suggest(by=by, query="王", at=LATER)
    first = [account_models.Account.objects.get(pk=pk).name for pk in found]
    assert first == ["王小芳", "王芳", "大王"]


def test_the_best_are_in_sight(filled: Community) -> None:
    tag = factories.tag(filled, "mine")
    house = staff_models.system(filled)
    fang = account_queries.get(filled, "c-2").pk
    assignments.apply(tag=tag, accounts=[fang], by=house, at=AT)
    narrow = staff_models.create(
        community=filled, login="n", scope={"tag": {"any": ["mine"]}}, at=AT
    )
    assert search.suggest(by=narrow, query="芳", at=LATER) == [fang]
    other = factories.staff(factories.community("other"), login="eve")
    assert search.suggest(by=other, query="芳", at=LATER) == []
    assert not search.find(by=other, query="芳", at=LATER)


@pytest.mark.django_db(transaction=True)
def test_the_book_is_kept_and_caught_up(
    shop: Community, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a restart, of many changes, and of a file that is ahead of the truth."""
    by = staff_models.system(shop)
    name_index.clear()
    monkeypatch.setattr(name_index, "_folder", lambda: tmp_path)
    monkeypatch.setattr(name_index, "FOLD", 3)
    factories.member(shop, "one", name="甲")
    assert names(by, "甲") == ["甲"]
    (first,) = tmp_path.iterdir()
    factories.member(shop, "two", name="乙")
    assert names(by, "yi") == ["乙"]
    for number in range(4):
        factories.member(shop, f"more-{number}", name="丙")
    assert names(by, "bing") == ["丙"] * 4
    (second,) = tmp_path.iterdir()
    assert second != first
    name_index.clear()
    accounts.update(account=account_queries.get(shop, "two"), name="丁", by=by, at=AT)
    assert names(by, "ding") == ["丁"] and names(by, "yi") == []
    second.rename(tmp_path / f"book-{shop.pk}-999.arrow")
    name_index.clear()
    assert names(by, "甲") == ["甲"]
    name_index.clear()


TEXT = st.text("ab王芳", max_size=5)


@given(st.lists(TEXT, max_size=20), TEXT.filter(bool))
def test_a_piece_is_found_wherever_it_is(texts: list[str], piece: str) -> None:
    found = name_index.TextColumn(pa.array(texts, pa.large_string())).find(piece)
    # Neighbours touch in the long text; real ones begin with a mark of their own.
    marked = name_index.TextColumn(
        pa.array([f"\x1e{t}" for t in texts], pa.large_string())
    )
    assert marked.find(piece).tolist() == [
        place for place, text in enumerate(texts) if piece in text
    ]
    assert set(found.tolist()) >= set(marked.find(piece).tolist())
