"""K2: lunar birthdays in files, in rules and on the member page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import translation

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.importing.jobs.jobs import ImportJob
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attribute_texts
from qunce.members.attributes.attributes import Attribute
from qunce.members.attributes.values import AttributeValue
from qunce.sets import audiences
from qunce.sets.rules.base import RuleError
from tests import factories
from tests.clients import browser
from tests.importing import helpers

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 9, 20, 4, tzinfo=UTC)
"""Sunday, lunar 8-10; the fifteenth is on Friday, 25 September."""
FILE = """key,name,农历生日,生日
a,Ann,农历八月十五,1990-10-03
b,Bob,1991-08-30,
c,Cy,闰八月十一,
d,Di,九月十五,
e,Eve,腊月卅一,
f,Fay,,农历八月十五
"""


@pytest.fixture
def job(shop: Community, tmp_path: Path) -> ImportJob:
    return helpers.run(shop, helpers.write(tmp_path, FILE), "members").job


@pytest.fixture
def attribute(shop: Community, job: ImportJob) -> Attribute:
    return Attribute.objects.get(community=shop, name="农历生日")


def test_files_give_lunar_days_and_refuse_what_is_none(
    shop: Community, job: ImportJob, attribute: Attribute
) -> None:
    assert attribute.type == "lunar"
    stored = AttributeValue.objects.filter(attribute=attribute, present=True)
    assert sorted(row.text or "" for row in stored) == [
        "08-15",
        "09-15",
        "1991-08-30",
        "闰08-11",
    ]
    problems = {each.row: each.remedy for each in job.problems.all()}
    assert set(problems) == {6, 7}
    assert "no date of the lunar calendar" in problems[6]
    assert "column of its own" in problems[7]


@pytest.mark.parametrize(
    ("when", "keys"),
    [
        ({"during": "next week"}, ["a", "c"]),
        ({"next": "7d"}, ["a", "c"]),
        ({"next": "30d"}, ["a", "b", "c"]),
        ({"eq": "today+5d"}, ["a"]),
        ({"gte": "today+1d", "lte": "today+400d"}, ["a", "b", "c", "d"]),
    ],
)
def test_rules_count_by_the_lunar_calendar(
    shop: Community, attribute: Attribute, when: dict[str, str], keys: list[str]
) -> None:
    rule = {"attr": {"name": attribute.name, "anniversary": when}}
    assert factories.matching_keys(shop, rule, NOW) == keys


def test_lunar_days_are_compared_with_no_others(
    shop: Community, by: Staff, attribute: Attribute
) -> None:
    for comparison, value in {"gte": "today", "eq": "1991-08-30", "in": ["x"]}.items():
        rule = {"attr": {"name": attribute.name, comparison: value}}
        with pytest.raises(RuleError, match="does not support"):
            audiences.count(community=shop, rule=rule, by=by, at=NOW)


def test_member_page_shows_both_calendars(
    shop: Community, by: Staff, attribute: Attribute
) -> None:
    def shown(text: str) -> str:
        return attribute_texts.written(attribute, text, by=by, at=NOW)

    with translation.override("en"):
        assert shown("08-15") == "lunar 08-15 (next on Sep 25)"
        assert shown("1990-闰05-03").startswith("lunar 1990-leap 05-03 (Jun 25, 1990")
    person = account_queries.get(shop, "a").pk
    page = browser(by).get(reverse("members:detail", args=[person]))
    assert "八月十五" in page.content.decode()
