"""K8: the rule builder through the browser's eyes, without script and with it."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.segments import segments
from tests.console.world import browser
from tests import factories
from tests.factories import AT

VIP, KOC = {"tag": {"any": ["vip"]}}, {"tag": {"any": ["koc"]}}
BOTH = {"all": [VIP, {"not": KOC}]}
NEW = "/members/segments/new/"


@pytest.fixture
def web(boss: Staff) -> Client:
    return browser(boss)


def ask(web: Client, rule: Any, do: str = "look", **more: Any) -> str:
    """The page after a button, as a browser without script gets it."""
    sent = {"rule": json.dumps(rule), "do": do, **more}
    answer = web.post(f"{NEW}rule/", sent)
    assert answer.status_code == 200
    return str(answer.content.decode())


def kept(page: str, name: str = "rule") -> Any:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return json.loads(html.unescape(found[1]))


def counts(page: str) -> list[str]:
    """The numbers at the right of the lines, from the top."""
    spans = re.findall(
        r'id="n-[^"]*" class="line-count"[^>]*>(.*?)</span>\s*(?:</span>|\n)', page
    )
    return [re.findall(r">([\d,]+)</a>", span)[-1] for span in spans]


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_each_line_says_how_many_it_leaves(web: Client) -> None:
    page = web.get(NEW, {"rule": json.dumps(BOTH)}).content.decode()
    assert counts(page) == ["2", "1"]
    said = words(page)
    assert "Everyone in the community 3" in said
    assert "who carries the tag vip" in said
    assert "but nobody who carries the tag koc" in said
    assert "1 member fits now" in said


def test_a_number_leads_to_its_people(web: Client) -> None:
    page = web.get(NEW, {"rule": json.dumps(BOTH)}).content.decode()
    links = re.findall(r'<a class="num" href="([^"]*rule=[^"]*)"', page)
    people = [web.get(html.unescape(link)).content.decode() for link in links]
    assert "bob" in people[0]
    assert "ann" in people[1]
    assert "bob" not in words(people[1])


def test_a_condition_is_added_field_by_field(web: Client) -> None:
    page = ask(web, {"all": []}, "add::tag")
    assert 'name="c-how"' in page
    opened = html.unescape(re.findall(r'name="open" value="([^"]*)"', page)[0])
    page = ask(web, {"all": []}, "done", open=opened, **{"c-how": "any"})
    assert "Fill in this field." in page
    typed = {"c-how": "any", "c-tags": ["vip"]}
    page = ask(web, {"all": []}, "done", open=opened, **typed)
    assert kept(page) == {"all": [VIP]}
    assert counts(page) == ["2"]


def test_numbers_follow_while_a_clause_is_typed(web: Client) -> None:
    sent = {"rule": '{"all": []}', "open": "+:tag", "c-how": "none", "c-tags": ["koc"]}
    answer = web.post(
        "/members/segments/numbers/", sent, headers={"HX-Request": "true"}
    )
    page = answer.content.decode()
    assert counts(page) == ["2"]
    assert "has none of the tags koc" in words(page)
    assert "<form" not in page


def test_a_half_typed_clause_leaves_the_numbers_of_the_rest(web: Client) -> None:
    sent = {"rule": json.dumps({"all": [VIP]}), "open": "+:tag", "c-how": "any"}
    page = web.post("/members/segments/numbers/", sent).content.decode()
    assert counts(page) == ["2"]


STEPS = [
    ("not:all[0]", {"all": [{"not": VIP}, {"not": KOC}]}),
    ("not:all[1]", {"all": [VIP, KOC]}),
    ("remove:all[0]", {"all": [{"not": KOC}]}),
    ("down:all[0]", {"all": [{"not": KOC}, VIP]}),
    ("up:all[1]", {"all": [{"not": KOC}, VIP]}),
    ("wrap:all[0]:any", {"all": [{"any": [VIP]}, {"not": KOC}]}),
    ("wrap:all[1]:with_left", {"all": [VIP, {"not": {"with_left": KOC}}]}),
    ("nonsense:all[0]", BOTH),
    ("remove:all[7]", BOTH),
    ("wrap:all[0]:tag", BOTH),
    ("open:all[0].tag", BOTH),
]


@pytest.mark.parametrize(("do", "wanted"), STEPS)
def test_a_button_changes_the_rule_and_can_be_undone(
    web: Client, do: str, wanted: Any
) -> None:
    page = ask(web, BOTH, do)
    assert kept(page) == wanted
    past = kept(page, "past")
    assert past == ([] if wanted == BOTH else [BOTH])
    if past:
        again = ask(web, wanted, "undo", past=json.dumps(past))
        assert kept(again) == BOTH


def test_another_button_keeps_what_was_typed(web: Client) -> None:
    typed = {"open": "all[0]", "c-how": "any", "c-tags": ["vip", "koc"]}
    page = ask(web, BOTH, "not:all[1]", **typed)
    assert kept(page) == {"all": [{"tag": {"any": ["vip", "koc"]}}, KOC]}


def test_a_clause_is_left_as_it_was(web: Client) -> None:
    typed = {"open": "all[0]", "c-how": "none", "c-tags": ["koc"]}
    assert kept(ask(web, BOTH, "cancel", **typed)) == BOTH


def test_why_lights_the_lines_of_a_person(web: Client, shop: Community) -> None:
    bob = account_queries.get(shop, "bob").pk
    said = words(ask(web, BOTH, f"why:{bob}"))
    assert "not included" in said
    assert "holds who carries the tag vip" in said
    assert "does not hold but nobody who" in said
    assert "has: koc" in said
    found = words(ask(web, BOTH, "look", who="bob"))
    assert "bob" in found


def test_why_is_silent_about_whom_one_does_not_see(shop: Community) -> None:
    scope = {"tag": {"any": ["koc"]}}
    scoped = staff_models.create(community=shop, login="olga", scope=scope, at=AT)
    web, ann = browser(scoped), account_queries.get(shop, "ann").pk
    sent = {"rule": json.dumps(BOTH), "do": f"why:{ann}"}
    assert web.post(f"{NEW}rule/", sent).status_code == 404
    page = web.get(NEW, {"rule": json.dumps({"all": [VIP]})}).content.decode()
    assert counts(page) == ["1"]
    assert "Everyone in the community 1" in words(page)
    assert "ann" not in words(page)


def test_a_name_that_is_gone_is_marked_and_said(web: Client) -> None:
    page = ask(web, {"all": [VIP, {"tag": {"any": ["ghost"]}}]})
    assert '<b class="unknown">ghost</b>' in page
    assert "There is no tag “ghost”." in words(page)
    assert "who carries the tag vip" in words(page)


@pytest.mark.parametrize(
    "rule",
    ['{"all": [', "[]", "3", '{"all": {"x": 1}}', '{"tag": 1, "did": 2}', "null"],
)
def test_a_broken_rule_is_told_and_breaks_nothing(web: Client, rule: str) -> None:
    answer = web.post(f"{NEW}rule/", {"rule": rule, "do": "look"})
    assert answer.status_code in (200, 422)
    assert web.get(NEW, {"rule": rule}).status_code in (200, 422)


def test_a_segment_is_saved_changed_and_put_away(web: Client, shop: Community) -> None:
    sent = {"rule": json.dumps(BOTH), "name": "Loyal 忠实", "note": "For March"}
    answer = web.post(f"{NEW}save/", sent)
    segment = segments.get(shop, "Loyal 忠实")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/members/segments/{segment.pk}/"
    assert segment.rule == BOTH
    here = answer.headers["Location"]
    web.post(f"{here}save/", {**sent, "rule": json.dumps({"all": [VIP]}), "name": "L"})
    segment.refresh_from_db()
    assert (segment.name, segment.rule) == ("L", {"all": [VIP]})
    web.post(f"{here}archive/")
    assert segments.list_active(shop) == []
    web.post(f"{here}restore/")
    assert [each.pk for each in segments.list_active(shop)] == [segment.pk]


def test_what_cannot_be_saved_keeps_everything(web: Client, shop: Community) -> None:
    answer = web.post(f"{NEW}save/", {"rule": json.dumps(BOTH), "name": " "})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert kept(page) == BOTH
    assert "Enter a name first." in words(page)
    typed = {"open": "+:tag", "c-how": "any", "name": "Named"}
    answer = web.post(f"{NEW}save/", {"rule": json.dumps(BOTH), **typed})
    assert "One condition is not complete yet" in words(answer.content.decode())
    assert segments.list_active(shop) == []


def test_two_segments_may_have_one_name(web: Client, shop: Community) -> None:
    for _twice in range(2):
        web.post(f"{NEW}save/", {"rule": json.dumps(BOTH), "name": "Loyal"})
    assert [each.key for each in segments.list_active(shop)] == ["Loyal", "Loyal-2"]


def test_a_segment_that_would_ask_for_itself_is_refused(
    web: Client, boss: Staff, shop: Community
) -> None:
    loyal = segments.create(community=shop, key="loyal", rule=BOTH, by=boss, at=AT)
    rule = {"all": [{"segment": {"any": ["loyal"]}}]}
    url = f"/members/segments/{loyal.pk}/save/"
    answer = web.post(url, {"rule": json.dumps(rule), "name": "loyal"})
    assert answer.status_code == 422
    loyal.refresh_from_db()
    assert loyal.rule == BOTH


def test_who_may_not_save_may_still_ask(shop: Community) -> None:
    web = browser(factories.staff(shop, role="viewer", login="vera"))
    page = web.get(NEW, {"rule": json.dumps(BOTH)}).content.decode()
    assert counts(page) == ["2", "1"]
    assert "Save segment" not in page
    sent = {"rule": json.dumps(BOTH), "name": "Mine"}
    assert web.post(f"{NEW}save/", sent).status_code == 403
    assert segments.list_active(shop) == []


def test_a_list_is_frozen_and_shown(web: Client, boss: Staff, shop: Community) -> None:
    loyal = segments.create(community=shop, key="loyal", rule=BOTH, by=boss, at=AT)
    answer = web.post(f"/members/segments/{loyal.pk}/lists/", {"key": "march"})
    page = words(web.get(answer.headers["Location"]).content.decode())
    assert "On the list 1" in page
    assert "march" in words(web.get("/members/segments/").content.decode())


def test_an_overlap_is_three_numbers(web: Client, boss: Staff, shop: Community) -> None:
    rules = {"a": {"all": [VIP]}, "b": {"all": [KOC]}}
    made_ = [
        segments.create(community=shop, key=key, rule=rule, by=boss, at=AT)
        for key, rule in rules.items()
    ]
    asked = {"left": made_[0].pk, "right": made_[1].pk}
    said = words(web.get("/members/segments/overlap/", asked).content.decode())
    assert "only in “a” 1" in said
    assert "in both 1" in said
    assert "only in “b” 0" in said


def test_the_list_says_rules_and_sizes(
    web: Client, boss: Staff, shop: Community
) -> None:
    segments.create(community=shop, key="loyal", rule=BOTH, by=boss, at=AT)
    said = words(web.get("/members/segments/").content.decode())
    assert "everyone who carries the tag vip but nobody who carries the tag koc" in said
    assert "1 member" in said
    assert "No segment is found" in words(
        web.get("/members/segments/", {"q": "zzz"}).content.decode()
    )


def test_a_picker_finds_tags_by_a_piece_of_their_name(web: Client) -> None:
    sent = {"rule": '{"all": []}', "open": "+:tag", "c-tags-find": "vi", "c-how": "any"}
    page = web.post("/members/segments/options/tags/", sent).content.decode()
    assert re.findall(r'value="([^"]*)"', page) == ["vip"]


TOO_MUCH = [
    "[" * 100_000,
    '{"not":' * 900 + "1" + "}" * 900,
    "[" + "1," * 300_000 + "1]",
]


@pytest.mark.parametrize("rule", TOO_MUCH, ids=["open", "deep", "long"])
def test_too_much_of_a_rule_is_refused(web: Client, rule: str) -> None:
    assert web.post(f"{NEW}rule/", {"rule": rule, "do": "look"}).status_code == 422
    typed = {"rule": '{"all": []}', "open": "+:json", "c-text": rule, "do": "done"}
    answer = web.post(f"{NEW}rule/", typed)
    assert answer.status_code == 200
    assert kept(answer.content.decode()) == {"all": []}


@pytest.mark.parametrize("field", ["open", "why", "past", "do"])
@pytest.mark.parametrize(
    "value",
    ["+::", "+:", "+all[0]:tag", "all[9]", "x" * 9000, "\x00", "null", "-1", "é"],
)
def test_a_form_that_was_tampered_with_breaks_nothing(
    web: Client, field: str, value: str
) -> None:
    sent = {"rule": json.dumps(BOTH), "do": "look", field: value}
    for path in ("new/rule/", "numbers/"):
        answer = web.post(f"/members/segments/{path}", sent)
        assert answer.status_code in (200, 404, 422)
