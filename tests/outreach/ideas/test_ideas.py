"""The idea box: states, links, who makes the picture, materials, and what was sent."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce import reactions
from qunce.core import errors, working_days
from qunce.core.staff.models import Staff
from qunce.outreach.content.materials import library
from qunce.outreach.ideas import (
    archive,
    assignment,
    feeds,
    festivals,
    idea_materials,
    ideas,
    links,
    pasted_links,
    search,
)
from qunce.outreach.ideas.documents.results import Entry
from qunce.outreach.ideas.models import (
    STATES,
    Idea,
    IdeaAlreadyExists,
    IdeaChangedSince,
    InvalidIdea,
    LinkReading,
)
from qunce.outreach.ideas.search import Filters
from qunce.outreach.playbooks import calendars
from qunce.outreach.sending import assisted_outcomes, assisted_sending
from qunce.outreach.tasks import outcomes, staff_tasks
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def create(by: Staff, title: str = "Cold brew", **fields: Any) -> Idea:
    return ideas.create(community=by.community, title=title, by=by, at=AT, **fields)


def test_idea_goes_on_and_back_by_declared_steps(by: Staff) -> None:
    idea = create(by, note=" Steep it.\r\nFor 12 h ", tags=["夏天", " 夏天 "])
    assert (idea.state, idea.note, idea.tags) == (
        "idea",
        "Steep it.\nFor 12 h",
        ["夏天"],
    )
    for state in ("draft", "ready", "used", "ready", "draft", "idea"):
        ideas.move(idea=idea, to=state, by=by, at=AT)
        assert ideas.get(by=by, pk=idea.pk).state == state
    with pytest.raises(errors.Refused, match="only in: draft, used"):
        ideas.move(idea=idea, to="ready", by=by, at=AT)
    with pytest.raises(InvalidIdea, match="Choose a state"):
        ideas.move(idea=idea, to="lost", by=by, at=AT)
    with pytest.raises(IdeaChangedSince, match="already in the state “idea”"):
        ideas.move(idea=idea, to="draft", expected="ready", by=by, at=AT)
    moves = factories.recorded_facts(by.community, "idea.moved")
    assert [(p["from_state"], p["to_state"]) for _a, p in moves][:2] == [
        ("idea", "draft"),
        ("draft", "ready"),
    ]
    archive.archive(idea=idea, by=by, at=AT)
    with pytest.raises(InvalidIdea, match="Restore it first"):
        ideas.move(idea=idea, to="draft", by=by, at=AT)
    archive.restore(idea=idea, by=by, at=AT)
    ideas.move(idea=idea, to="draft", by=by, at=AT)
    assert STATES.may("ready", "draft")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": " \u200b "}, "Give the idea a title"),
        ({"title": "x" * 81}, "at most 80 characters; it has 81"),
        ({"note": "\0"}, "cannot be stored"),
        ({"url": "javascript:alert(1)"}, "not a complete link"),
        ({"url": "https://user:pw@x.example/"}, "not a complete link"),
        ({"url": "https://x.example/" + "y" * 2_000}, "at most 2,000"),
        ({"content_type": "gossip"}, "Choose a content type: knowledge"),
        ({"tags": [str(n) for n in range(21)]}, "at most 20 tags"),
        ({"tags": ["t" * 41]}, "at most 40 characters"),
        ({"source": "feed"}, "Choose a source"),
        ({"day": date(1999, 1, 1)}, "between 2000-01-01"),
        ({"picture_url": "x"}, "no field “picture_url”"),
    ],
)
def test_wrong_field_is_refused_with_a_remedy(
    by: Staff, fields: dict[str, Any], sentence: str
) -> None:
    idea = create(by, "Right", url="https://x.example/", source="hot_topic")
    with pytest.raises(errors.Invalid, match=sentence):
        create(by, **{"title": "New", **fields})
    with pytest.raises(errors.Invalid, match=sentence):
        ideas.update(idea=idea, by=by, at=AT, **fields)
    assert Idea.objects.get().title == "Right"


def test_link_is_in_the_box_once(by: Staff) -> None:
    idea = create(by, url="https://www.x.example/a/?utm_source=q&b=1#part")
    for url in ("http://x.example/a?b=1", "https://X.example/a/?b=1&spm=2"):
        with pytest.raises(IdeaAlreadyExists, match="already: “Cold brew”"):
            create(by, "Again", url=url)
    other = create(by, "Other", url="https://x.example/a?b=2")
    with pytest.raises(IdeaAlreadyExists):
        ideas.update(idea=other, url=idea.url, by=by, at=AT)
    archive.archive(idea=idea, by=by, at=AT)
    with pytest.raises(IdeaAlreadyExists, match="archived"):
        create(by, "Again", url=idea.url)
    stranger = factories.staff(factories.community("tea"), "manager", "tea-boss")
    assert create(stranger, url=idea.url).pk
    assert ideas.update(idea=idea, title="Cold brew", by=by, at=AT) == []
    assert ideas.update(idea=idea, title="Ice", tags=["a"], by=by, at=AT) == [
        "tags",
        "title",
    ]


def test_pasted_text_with_several_links_makes_several_ideas(by: Staff) -> None:
    create(by, "Known", url="https://known.example/x")
    text = """看看这篇：https://mp.weixin.qq.com/s?__biz=A&mid=2#wechat_redirect，不错
    https://a.example/1 https://a.example/1/
    （https://例え.example/页）。 http://known.example/x/ ftp://no.example
    """
    pasted = pasted_links.paste(community=by.community, text=text, by=by, at=AT)
    assert [(i.title, i.url, i.note) for i in pasted.added] == [
        ("mp.weixin.qq.com/s", "https://mp.weixin.qq.com/s?__biz=A&mid=2#wechat_redirect", "看看这篇：，不错"),
        ("a.example/1", "https://a.example/1", ""),
        ("例え.example/页", "https://例え.example/页", ""),
    ]  # fmt: skip
    assert [i.title for i in pasted.known] == ["Known"]
    assert LinkReading.objects.count() == 3
    again = pasted_links.paste(community=by.community, text=text, by=by, at=AT)
    assert (again.added, len(again.known)) == ([], 4)
    single = pasted_links.paste(
        community=by.community,
        text="Two lines:\nhttps://b.example/ about tea",
        by=by,
        at=AT,
    )
    assert single.added[0].note == "Two lines:\n about tea"
    for text, sentence in (
        ("no link", "no link in this text"),
        (
            " ".join(f"https://x.example/{n}" for n in range(51)),
            "at most 50 links at once; these are 51",
        ),
        ("x" * 20_001, "at most 20,000 characters"),
    ):
        with pytest.raises(InvalidIdea, match=sentence):
            pasted_links.paste(community=by.community, text=text, by=by, at=AT)


@given(
    st.lists(
        st.sampled_from(
            [
                "a",
                "b",
                "https://x.example/",
                "\n",
                " ",
                "http://y.example/q?utm_a=1",
                "。",
            ]
        )
    )
)
def test_every_link_is_found_once(parts: list[str]) -> None:
    found = {link.url for link in links.find_all(" ".join(parts))}
    assert found == {part for part in parts if part.startswith("http")}


def test_picture_is_due_in_the_tasks_of_who_makes_it(by: Staff) -> None:
    wang = factories.staff(by.community, "operator", "wang", name="Wang")
    idea = create(by, note="Warm light", url="https://x.example/")
    with pytest.raises(errors.Invalid, match="in the past"):
        assignment.assign(idea=idea, staff=wang, due_at=AT, by=by, at=AT)
    task = assignment.assign(idea=idea, staff=wang, due_at=AT + DAY, by=by, at=AT)
    assert [t.request.title for t in staff_tasks.list_open(wang)] == ["Cold brew"]
    assert search.find(by, Filters(due="late"), at=AT) == []
    late = AT + 2 * DAY
    assert [i.pk for i in search.find(by, Filters(due="late"), at=late)] == [idea.pk]
    assert [i.pk for i in search.find(wang, Filters(due="mine"), at=late)] == [idea.pk]
    assert staff_tasks.list_late_of_others(by, late) == [task]
    # An operator gives nobody else work, and cancels no task of a manager.
    with pytest.raises(errors.Invalid, match="Only they or a manager"):
        archive.archive(idea=ideas.get(by=wang, pk=idea.pk), by=wang, at=AT)
    again = assignment.assign(idea=idea, staff=by, due_at=AT + DAY, by=by, at=AT)
    assert staff_tasks.list_open(wang) == []
    outcomes.finish(task=staff_tasks.get(by=by, pk=again.pk), by=by, at=late)
    assert assignment.find_tasks([idea])[idea.pk].state == "done"
    assert search.find(by, Filters(due="late"), at=late) == []
    other = create(by, "Second")
    assignment.assign(idea=other, staff=by, due_at=AT + DAY, by=by, at=AT)
    archive.archive(idea=other, by=by, at=AT)
    assert staff_tasks.list_open(by) == []


def test_idea_becomes_a_material_once(by: Staff) -> None:
    idea = create(
        by, url="https://x.example/a", note="Why ice", content_type="fun", tags=["夏"]
    )
    material = idea_materials.make_material(idea=idea, by=by, at=AT)
    version = material.version
    assert (material.kind, version.title, version.url, version.text) == (
        "link", "Cold brew", "https://x.example/a", "Why ice",
    )  # fmt: skip
    assert (material.content_type, material.tags) == ("fun", ["夏"])
    assert (material.origin, material.licence) == ("x.example", "")
    assert ideas.get(by=by, pk=idea.pk).state == "draft"
    with pytest.raises(errors.Refused, match="already"):
        idea_materials.make_material(idea=idea, by=by, at=AT)
    text = idea_materials.make_material(idea=create(by, "Just words"), by=by, at=AT)
    assert (text.kind, text.version.text) == ("text", "Just words")


def test_idea_is_used_when_a_message_with_it_was_really_sent(by: Staff) -> None:
    idea, other = create(by), create(by, "Other")
    material = idea_materials.make_material(idea=idea, by=by, at=AT)
    idea_materials.make_material(idea=other, by=by, at=AT)
    first = material.version.pk
    library.update(material=material, text="New text", by=by, at=AT)
    factories.member(by.community, "m1")
    campaign = factories.started_campaign(by, materials=[first])
    assert factories.open_recipients(campaign, by) == ["m1"]
    reactions.CONSUMER.catch_up(at=AT)
    assert ideas.get(by=by, pk=idea.pk).state == "draft"
    task = factories.task(campaign, by)
    for row in assisted_sending.open_next(task=task, by=by, at=AT):
        assisted_sending.mark_sent(task=task, target=row.target_id, by=by, at=AT)
    assisted_outcomes.record_final_marks(at=AT + DAY)
    reactions.CONSUMER.catch_up(at=AT + DAY)
    assert ideas.get(by=by, pk=idea.pk).state == "used"
    assert ideas.get(by=by, pk=other.pk).state == "draft"
    fact = factories.recorded_facts(by.community, "idea.moved")[-1][1]
    assert (fact["to_state"], fact["message"] > 0) == ("used", True)
    assert reactions.CONSUMER.catch_up(at=AT + DAY) == 0


def test_search_finds_words_pinyin_and_filters(by: Staff) -> None:
    ice = create(by, "冷萃咖啡", note="Steep", tags=["夏天"], content_type="fun")
    create(by, "Festival", source="hot_topic")
    for query in ("冷萃", "lengcui", "lc", "steep", "xiatian"):
        assert search.find(by, Filters(query=query), at=AT) == [ice]
    assert search.find(by, Filters(query="tea"), at=AT) == []
    assert [i.title for i in search.find(by, Filters(source="hot_topic"), at=AT)] == [
        "Festival"
    ]
    assert search.find(by, Filters(content_type="fun", tag="夏天"), at=AT) == [ice]
    archive.archive(idea=ice, by=by, at=AT)
    assert search.find(by, Filters(query="冷萃"), at=AT) == []
    assert search.find(by, Filters(query="冷萃", archived=True), at=AT) == [ice]


def test_coming_festivals_and_days_off_are_suggested_once(by: Staff) -> None:
    at = datetime(2026, 9, 20, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
    found = festivals.list_suggestions(by=by, at=at)
    assert [(c.key, str(c.until)) for c in found][:4] == [
        ("worked_weekend:2026-09-20", "2026-09-20"),
        ("mid_autumn:2026-09-25", "2026-09-25"),
        ("days_off:2026-09-25", "2026-09-27"),
        ("national_day:2026-10-01", "2026-10-01"),
    ]
    idea = festivals.add_idea(key="mid_autumn:2026-09-25", by=by, at=at)
    assert (idea.source, idea.day) == ("festival", date(2026, 9, 25))
    assert "mid_autumn:2026-09-25" not in [
        c.key for c in festivals.list_suggestions(by=by, at=at)
    ]
    with pytest.raises(errors.NotFound, match="in the box already"):
        festivals.add_idea(key="mid_autumn:2026-09-25", by=by, at=at)


@given(st.dates(date(2024, 1, 1), date(2027, 12, 31)), st.sampled_from(["CN", "US"]))
def test_coming_days_are_those_of_the_calendars(today: date, region: str) -> None:
    found = festivals.coming_days(today, region, days_ahead=10)
    for coming in found:
        name, _colon, day = coming.key.partition(":")
        assert coming.day == date.fromisoformat(day)
        assert 0 <= coming.days_left(today) <= 10
        if name in calendars.FESTIVALS:
            assert calendars.is_festival(name, coming.day)
        elif name == "worked_weekend":
            assert coming.day.weekday() > 4
            assert working_days.is_working_day(coming.day, region)
        else:
            days = [
                coming.day + n * DAY
                for n in range((coming.until - coming.day).days + 1)
            ]
            assert len(days) >= 3
            assert not any(working_days.is_working_day(d, region) for d in days)
            assert working_days.is_working_day(coming.day - DAY, region)
            assert working_days.is_working_day(coming.until + DAY, region)
    assert len({c.key for c in found}) == len(found)


@given(
    st.lists(st.lists(st.integers(0, 60), max_size=60, unique=True), max_size=6),
    st.integers(0, 40),
)
def test_entry_becomes_an_idea_at_most_once(
    fetches: list[list[int]], room: int
) -> None:
    """Every entry of the first fetch or a later one, against a set kept by hand."""
    seen: set[str] = set()
    taken_before: set[str] = set()
    for number, keys in enumerate(fetches):
        entries = [Entry(str(key), "t", "", "") for key in keys]
        taken, done = feeds.choose_new(
            entries, seen=seen, is_first=number == 0, room=room
        )
        limit = feeds.MAX_FIRST_IDEAS if number == 0 else feeds.MAX_NEW_IDEAS
        new = [entry for entry in entries if entry.key not in seen]
        assert taken == new[: min(limit, room)]
        assert taken_before.isdisjoint(entry.key for entry in taken)
        assert set(done) == {e.key for e in (new if number == 0 else taken)}
        taken_before |= {entry.key for entry in taken}
        seen |= set(done)
