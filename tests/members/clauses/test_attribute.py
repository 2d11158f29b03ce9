"""K2, K8: ranges of values, and dates relative to today."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts.models import Account
from qunce.members.attributes import attributes
from qunce.members.rule_text import names as rule_names
from qunce.members.rule_text import sentences
from qunce.sets import audiences
from qunce.sets.rules.base import RuleError
from tests import factories
from tests.factories import AT

NOW = datetime(2026, 3, 4, 4, tzinfo=UTC)
"""Wednesday, 4 March 2026, noon in Shanghai."""
VALUES: dict[str, dict[str, Any]] = {
    "score": {"a": "39.9999", "b": "40", "c": "59.9999", "d": "60"},
    "exam": {
        "a": "2026-03-03",
        "b": "2026-03-04",
        "c": "2026-04-02",
        "d": "2026-04-03",
        "e": "2026-02-25",
        "f": "2026-02-26",
        "g": "2026-03-09",
        "h": "2026-03-15",
    },
    "born": {
        "a": "1990-03-09",
        "b": "1992-02-29",
        "c": "1980-03-15",
        "d": "2000-03-16",
    },
    "seen": {
        "a": "2026-03-04T15:59:59Z",
        "b": "2026-03-04T16:00:00Z",
        "c": "2026-03-03T15:59:59Z",
        "d": "2026-03-04T03:59:00Z",
        "e": "2026-03-04T05:00:00Z",
    },
}
TYPES = {"score": "number", "exam": "date", "born": "date", "seen": "instant"}


@pytest.fixture
def school(db: None) -> Community:
    school = factories.community(language="en")
    by = staff_models.system(school)
    keys = sorted({key for values in VALUES.values() for key in values})
    ids = {key: factories.member(school, key, joined_at=AT).pk for key in keys}
    for name, values in VALUES.items():
        attribute = attributes.define(
            community=school, name=name, type=TYPES[name], by=by, at=AT
        )
        written = {ids[key]: value for key, value in values.items()}
        attributes.set_values(attribute=attribute, values=written, by=by, at=AT)
    return school


def keys(school: Community, at: datetime = NOW, **args: Any) -> str:
    ids = audiences.list_ids(
        community=school,
        rule={"attr": args},
        by=staff_models.system(school),
        at=at,
    )
    return "".join(sorted(Account.objects.in_bulk(ids)[pk].key for pk in ids))


def test_a_lower_and_an_upper_bound_are_a_range(school: Community) -> None:
    assert keys(school, name="score", gte=40, lt=60) == "bc"
    assert keys(school, name="score", gt=40, lte=60) == "cd"
    assert keys(school, name="score", gt="39.9999", lt="60") == "bc"
    assert keys(school, name="exam", gte="2026-03-03", lte="2026-03-04") == "ab"


def test_days_relative_to_today_include_today(school: Community) -> None:
    assert keys(school, name="exam", next="30d") == "bcgh"
    assert keys(school, name="exam", last="7d") == "abf"
    assert keys(school, name="exam", next="1d") == "b"
    assert keys(school, name="exam", gt="today", lte="today+30d") == "cdgh"
    assert keys(school, name="exam", lt="today-6d") == "e"
    assert keys(school, name="exam", eq="today-1d") == "a"
    either: dict[str, Any] = {"in": ["today", "2026-03-15"]}
    assert keys(school, name="exam", **either) == "bh"
    assert keys(school, name="exam", ne="today") == "acdefgh"


def test_calendar_periods_begin_on_monday(school: Community) -> None:
    assert keys(school, name="exam", during="next week") == "gh"
    assert keys(school, name="exam", during="this week") == "ab"
    assert keys(school, name="exam", during="last week") == "ef"
    assert keys(school, name="exam", during="next month") == "cd"
    assert keys(school, name="exam", during="last month") == "ef"
    assert keys(school, name="exam", during="tomorrow") == ""
    assert keys(school, name="exam", during="next year") == ""


def test_anniversaries_have_the_same_spans(school: Community) -> None:
    assert keys(school, name="born", anniversary={"during": "next week"}) == "ac"
    assert keys(school, name="born", anniversary={"next": "12d"}) == "ac"
    assert keys(school, name="born", anniversary={"within": "13d"}) == "acd"
    assert keys(school, name="born", anniversary={"eq": "today+5d"}) == "a"
    # 29 February is on the 28th in a year without it.
    assert keys(school, name="born", anniversary={"last": "5d"}) == "b"
    in_range = {"gte": "today+5d", "lt": "today+11d"}
    assert keys(school, name="born", anniversary=in_range) == "a"


def test_times_are_on_the_days_of_the_community(school: Community) -> None:
    assert keys(school, name="seen", next="1d") == "ade"
    assert keys(school, name="seen", lte="2026-03-04") == "acde"
    assert keys(school, name="seen", gt="today") == "b"
    assert keys(school, name="seen", eq="2026-03-03") == "c"
    assert keys(school, name="seen", next="1h") == "e"
    assert keys(school, name="seen", last="1h") == "d"


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ({"name": "score", "gte": 60, "lt": 40}, "both ≥ 60 and < 40"),
        ({"name": "score", "gt": 40, "lt": 40}, "both > 40 and < 40"),
        ({"name": "score", "gte": 40, "gt": 50}, "only one of gte and gt"),
        ({"name": "score", "lte": 40, "lt": 50, "gte": 1}, "only one of lte and lt"),
        ({"name": "score", "gte": 40, "eq": 50}, "exactly one"),
        ({"name": "score", "next": "7d"}, "type number"),
        ({"name": "exam", "gt": "today+1d", "lt": "today+2d"}, "both"),
        ({"name": "exam", "next": "12h"}, "has days, not hours"),
        ({"name": "exam", "during": "next fortnight"}, "next week"),
        ({"name": "exam", "gte": "tomorow"}, "type date"),
        ({"name": "exam", "gte": "today+9999d"}, "3660"),
        ({"name": "exam"}, "exactly one"),
        ({"name": "born", "anniversary": {"gte": "today"}}, "first and a last day"),
        ({"name": "born", "anniversary": {"eq": "2026-03-04"}}, "today+7d"),
        ({"name": "born", "anniversary": {"next": "7d", "last": "7d"}}, "Give a span"),
        ({"name": "born", "anniversary": {}}, "Give a span"),
        ({"name": "exam", "within": "7d"}, "next, last, during"),
    ],
)
def test_what_cannot_be_is_refused(school: Community, args: Any, text: str) -> None:
    with pytest.raises(RuleError) as raised:
        audiences.check(community=school, rule={"attr": args})
    assert text in raised.value.message


def test_ranges_and_days_read_as_sentences(school: Community) -> None:
    def read(**args: Any) -> str:
        rule = {"attr": args}
        return sentences.to_text(rule, rule_names.find(school, rule))

    assert read(name="score", lt=60, gte=40) == (
        "everyone who has score of at least 40 and has score under 60"
    )
    assert read(name="exam", next="30d").endswith(
        "has exam in the next 30 days, including today"
    )
    assert read(name="exam", during="next week").endswith("has exam next week")
    assert read(name="exam", gte="today-7d").endswith("on or after 7 days ago")
    assert read(name="born", anniversary={"during": "next month"}).endswith(
        "has an anniversary of born next month"
    )


def test_explanation_says_the_value_and_the_range(school: Community) -> None:
    account = Account.objects.get(key="b")
    explanation = audiences.explain(
        community=school,
        rule={"attr": {"name": "score", "gte": 40, "lt": 60}},
        by=staff_models.system(school),
        at=NOW,
        account=account.pk,
    )
    assert explanation.reasons[-1].text == "score is 40 (required: ≥ 40, < 60)"


def test_contacts_stay_masked_in_questions_of_who_may_not_read_them(
    shop: Community, by: Staff
) -> None:
    """A viewer learns neither from reasons, nor from lists of guesses."""
    ann = factories.member(shop, "ann").pk
    common: dict[str, Any] = {"by": by, "at": AT}
    for name, kind in (("wechat_id", "text"), ("phone 2", "number")):
        attribute = attributes.define(community=shop, name=name, type=kind, **common)
        attributes.set_values(
            attribute=attribute, values={ann: "13700001111"}, **common
        )
    factories.segment(shop, "s", {"attr": {"name": "wechat_id", "contains": "0000111"}})
    viewer = factories.staff(shop, "viewer", "vic")
    asked: dict[str, Any] = {"community": shop, "at": NOW, "account": ann}

    def reasons(rule: Any, staff: Staff) -> str:
        return str(audiences.explain(rule=rule, by=staff, **asked).reasons)

    rules: list[Any] = [
        {"attr": {"name": "wechat_id", "eq": "x"}},
        {"attr": {"name": "phone 2", "known": True}},
        {"segment": {"any": ["s"]}},
    ]
    for rule in rules:
        assert "0000111" in reasons(rule, by)
        assert "0000111" not in reasons(rule, viewer)
        compiled = audiences.compile_rule(community=shop, rule=rule)
        assert "0000111" not in reasons(compiled, viewer)
    guesses = [f"1370000{number}" for number in range(1100, 1200)]
    for name in ("wechat_id", "phone 2"):
        rule = {"attr": {"name": name, "in": list(guesses)}}
        assert audiences.count(community=shop, rule=rule, by=by, at=NOW) == 1
        with pytest.raises(RuleError):
            audiences.count(community=shop, rule=rule, by=viewer, at=NOW)


def test_days_at_the_ends_of_the_calendar_can_be_asked_for(
    shop: Community, by: Staff
) -> None:
    attribute = attributes.define(
        community=shop, name="seen", type="instant", by=by, at=AT
    )
    ann = factories.member(shop, "ann").pk
    values = {ann: "2026-03-04T12:00:00+08:00"}
    attributes.set_values(attribute=attribute, values=values, by=by, at=AT)
    for bounds in ({"lte": "9999-12-31"}, {"gte": "0001-01-01"}):
        rule = {"attr": {"name": "seen", **bounds}}
        assert audiences.count(community=shop, rule=rule, by=by, at=NOW) == 1
