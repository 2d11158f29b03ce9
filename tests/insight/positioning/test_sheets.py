"""The positioning sheet: versions, what hooks brought, whom we serve (I15)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.insight.positioning import circles, hook_results, sheets
from qunce.insight.positioning.sheet import InvalidSheet, Sheet, Word
from qunce.insight.positioning.sheets import SheetHasChanged, VersionNotFound
from qunce.members.attributes import attributes
from qunce.sets import audiences
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def shop() -> Community:
    return factories.community(language="en", timezone="UTC", at=AT - 60 * DAY)


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


def save(by: Staff, at: Any = AT, seen: int | None = None, **content: Any) -> Any:
    return sheets.save(community=by.community, content=content, by=by, at=at, seen=seen)


@pytest.mark.both_databases
def test_parts_are_saved_as_versions(shop: Community, owner: Staff) -> None:
    assert sheets.load(shop).is_empty
    first = save(
        owner, at=AT - DAY, reason=" Fresh  beans ", pains=["Cold", "", "Cold"]
    )
    assert (first.number, sorted(first.fields)) == (1, ["pains", "reason"])
    assert save(owner, pains=["Cold"]) is None
    second = save(owner, never_say=[{"word": "cheap"}])
    found = sheets.load(shop)
    assert found.pains == ("Cold",)
    assert found.never_say == (Word(word="cheap"),)
    assert second.fields == ["never_say"]
    before = sheets.find_version(shop, (AT - DAY).date())
    assert before is not None
    assert before.number == 1
    assert sheets.find_version(shop, (AT - 2 * DAY).date()) is None
    third = sheets.restore(version=first, by=owner, at=AT)
    assert third is not None
    assert sheets.load(shop).never_say == ()
    assert [each.number for each in sheets.list_versions(owner)] == [3, 2, 1]
    saved = factories.recorded_facts(shop, "positioning.saved")
    assert [fact["version"] for _account, fact in saved] == [1, 2, 3]


def test_two_people_do_not_overwrite_each_other(owner: Staff) -> None:
    save(owner, seen=0, reason="One")
    with pytest.raises(SheetHasChanged):
        save(owner, seen=0, reason="Two")
    assert save(owner, seen=1, reason="Two") is not None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"slogan": "x"}, "no part “slogan”"),
        ({"pains": "Cold"}, "“Pains” is a list"),
        ({"pains": [1]}, "“Pains” is a text"),
        ({"pains": [str(n) for n in range(21)]}, "at most 20 lines; it has 21"),
        ({"reason": "x" * 2_001}, "at most 2,000 characters"),
        ({"reason": "\x00"}, "cannot be stored"),
        ({"hooks": [{"pain": "Cold"}]}, "Line 1 of “Hooks” has no text"),
        ({"hooks": [{"text": "x", "colour": "y"}]}, "Line 1 of “Hooks” can have"),
        ({"hooks": [{"text": "x", "kind": "star", "key": "y"}]}, "counts no hook"),
        ({"hooks": [{"text": "x", "kind": "tag", "key": "y"}]}, "There is no tag “y”"),
        ({"say": ["Fair"], "never_say": [{"word": "fair"}]}, "both among"),
        ({"region_attribute": "city"}, "there is no attribute “city”"),
    ],
)
def test_what_is_not_possible_is_refused(
    owner: Staff, content: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidSheet) as caught:
        save(owner, **content)
    assert sentence in str(caught.value)
    assert save(owner, reason="Fresh") is not None


def test_hooks_count_whom_they_brought(shop: Community, owner: Staff) -> None:
    old = AT - 40 * DAY
    factories.member(shop, "early", source="leaflet", at=old)
    factories.member(shop, "late", source="leaflet", at=AT - 2 * DAY)
    factories.member(shop, "other", source="shop", at=AT - 2 * DAY)
    factories.order(shop, "early", amount=1_500, at=AT - DAY, paid_at=AT - DAY)
    factories.order(shop, "other", amount=9_900, at=AT - DAY, paid_at=AT - DAY)
    deriver.catch_up()
    save(
        owner,
        hooks=[
            {"text": "Free cup", "kind": "source", "key": "leaflet"},
            {"text": "Bean talk"},
        ],
    )
    counted, uncounted = hook_results.list_results(
        sheets.load(shop), days=30, by=owner, at=AT
    )
    assert (counted.people, counted.joined, counted.bought) == (2, 1, 1)
    assert counted.sales_text == "CNY 15.00"
    assert counted.source == "source: leaflet"
    for name, rule in counted.rules.items():
        people = audiences.count(community=shop, rule=rule, by=owner, at=AT)
        assert people == getattr(counted, name)
    assert (uncounted.source, uncounted.rules) == ("", {})
    with pytest.raises(hook_results.InvalidSpan):
        hook_results.list_results(sheets.load(shop), days=0, by=owner, at=AT)


def test_campaigns_and_materials_count_hooks(shop: Community, owner: Staff) -> None:
    factories.members(shop, "a", "b", at=AT - DAY)
    campaign = factories.started_campaign(owner, name="Spring")
    save(owner, hooks=[{"text": "Sale", "kind": "campaign", "key": campaign.key}])
    (found,) = hook_results.list_results(sheets.load(shop), by=owner, at=AT)
    assert (found.source, found.people) == ("campaign: Spring", 0)
    limited = factories.staff(shop, "manager", "lin", scope={"all": []})
    (hidden,) = hook_results.list_results(sheets.load(shop), by=limited, at=AT)
    assert (hidden.source, hidden.rules) == ("campaign", {})
    for by, key in ((owner, campaign.key), (limited, "")):
        (hook,) = sheets.visible_content(sheets.load(shop), by).hooks
        assert (hook.text, hook.key) == ("Sale", key)


def test_whom_we_serve_is_counted_by_attributes(shop: Community, owner: Staff) -> None:
    factories.members(shop, "a", "b", "c", at=AT - DAY)
    for name, values in (
        ("job", {"a": "nurse", "b": "nurse"}),
        ("city", {"a": "Xi'an", "c": "Xi'an"}),
    ):
        attribute = attributes.define(
            community=shop, name=name, type="text", by=owner, at=AT
        )
        ids = factories.account_ids(shop, tuple(values))
        attributes.set_values(
            attribute=attribute,
            values=dict(zip(ids, values.values(), strict=True)),
            by=owner,
            at=AT,
        )
    save(
        owner,
        circle_attribute="job",
        served=[
            {"circle": "nurse"},
            {"circle": "nurse", "region": "Xi'an"},
        ],
    )
    counts = [
        each.count for each in circles.list_counts(sheets.load(shop), by=owner, at=AT)
    ]
    assert counts == [2, None]
    save(owner, region_attribute="city")
    found = circles.list_counts(sheets.load(shop), by=owner, at=AT)
    assert [each.count for each in found] == [2, 1]
    north = factories.staff(shop, "viewer", "vic", scope={"members": {"keys": ["b"]}})
    found = circles.list_counts(sheets.load(shop), by=north, at=AT)
    assert [each.count for each in found] == [1, 0]


def test_only_managers_who_see_everybody_write_it(
    shop: Community, owner: Staff
) -> None:
    version = save(owner, reason="One")
    operator = factories.staff(shop, "operator", "oli")
    scoped = factories.staff(shop, "manager", "lin", scope={"all": []})
    for staff in (operator, scoped):
        with pytest.raises(permissions.NotAllowed):
            save(staff, reason="Two")
        assert sheets.get_version(by=staff, number=1) == version
    manager = factories.staff(shop, "manager", "mei")
    assert save(manager, reason="Two") is not None
    stranger = staff_models.system(factories.community("other"))
    with pytest.raises(VersionNotFound):
        sheets.get_version(by=stranger, number=1)
    with pytest.raises(errors.QunceError):
        sheets.restore(version=version, by=stranger, at=AT)
    assert sheets.load(stranger.community) == Sheet()
