"""K8: the rule builder, with and without JavaScript."""

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
from tests import factories
from tests.clients import browser
from tests.factories import AT

VIP, KOC = {"tag": {"any": ["vip"]}}, {"tag": {"any": ["koc"]}}
BOTH = {"all": [VIP, {"not": KOC}]}
NEW = "/members/segments/new/"


@pytest.fixture
def web(boss: Staff) -> Client:
    return browser(boss)


def submit(web: Client, rule: Any, do: str = "look", **more: Any) -> str:
    """The page after a button, as a browser without JavaScript gets it."""
    data = {"rule": json.dumps(rule), "do": do, **more}
    response = web.post(f"{NEW}rule/", data)
    assert response.status_code == 200
    return str(response.content.decode())


def hidden(page: str, name: str = "rule") -> Any:
    """The JSON in a hidden field of the page."""
    match = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert match
    return json.loads(html.unescape(match[1]))


def counts(page: str) -> list[str]:
    """The numbers at the right of the lines, from the top."""
    spans = re.findall(
        r'id="n-[^"]*" class="line-count"[^>]*>(.*?)</span>\s*(?:</span>|\n)', page
    )
    return [re.findall(r">([\d,]+)</a>", span)[-1] for span in spans]


def picked(page: str) -> list[str]:
    """The paths of the selected lines."""
    boxes = re.findall(r'<input[^>]*name="selected"[^>]*>', page)
    return [re.findall('value="([^"]*)"', box)[0] for box in boxes if "checked" in box]


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_each_line_shows_how_many_members_remain(web: Client) -> None:
    page = web.get(NEW, {"rule": json.dumps(BOTH)}).content.decode()
    assert counts(page) == ["2", "1"]
    text = text_of(page)
    assert "Everyone in the community 3" in text
    assert "who has the tag vip" in text
    assert "except anyone who has the tag koc" in text
    assert "1 member matches now" in text


def test_a_count_links_to_its_members(web: Client) -> None:
    page = web.get(NEW, {"rule": json.dumps(BOTH)}).content.decode()
    links = re.findall(r'<a class="num" href="([^"]*rule=[^"]*)"', page)
    people = [web.get(html.unescape(link)).content.decode() for link in links]
    assert "bob" in people[0]
    assert "ann" in people[1]
    assert "bob" not in text_of(people[1])


def test_a_condition_is_added_through_its_form(web: Client) -> None:
    page = submit(web, {"all": []}, "add::tag")
    assert 'name="c-how"' in page
    opened = html.unescape(re.findall(r'name="open" value="([^"]*)"', page)[0])
    page = submit(web, {"all": []}, "done", open=opened, **{"c-how": "any"})
    assert "Fill in this field." in page
    typed = {"c-how": "any", "c-tags": ["vip"]}
    page = submit(web, {"all": []}, "done", open=opened, **typed)
    assert hidden(page) == {"all": [VIP]}
    assert counts(page) == ["2"]


def test_counts_update_while_a_form_is_filled_in(web: Client) -> None:
    data = {"rule": '{"all": []}', "open": "+:tag", "c-how": "none", "c-tags": ["koc"]}
    response = web.post(
        "/members/segments/counts/", data, headers={"HX-Request": "true"}
    )
    page = response.content.decode()
    assert counts(page) == ["2"]
    assert "has none of the tags koc" in text_of(page)
    assert "<form" not in page


def test_an_incomplete_form_keeps_the_counts_of_the_other_lines(web: Client) -> None:
    data = {"rule": json.dumps({"all": [VIP]}), "open": "+:tag", "c-how": "any"}
    page = web.post("/members/segments/counts/", data).content.decode()
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


def test_selected_lines_are_grouped_turned_moved_out_and_removed(web: Client) -> None:
    three = {"all": [VIP, {"joined": {}}, KOC]}
    page = submit(web, three, "group:any", selected=["all[0]", "all[2]"])
    grouped = {"all": [{"any": [VIP, KOC]}, {"joined": {}}]}
    assert hidden(page) == grouped
    assert "any of these:" in text_of(page)
    assert picked(page) == []  # line 0 is another one now
    page = submit(web, three, "undo", selected=["all[0]"], past=json.dumps([BOTH]))
    assert picked(page) == []
    assert picked(submit(web, three, "done", selected=["all[1]"])) == ["all[1]"]
    page = submit(web, grouped, "turn:all[0]")
    none = {"all": [{"not": {"any": [VIP, KOC]}}, {"joined": {}}]}
    assert hidden(page) == none
    assert "none of these:" in text_of(page)
    assert hidden(submit(web, none, "kind:all[0]:any")) == grouped
    page = submit(web, grouped, "drop:all[0].any[0]:after:all[1]")
    assert hidden(page) == {"all": [{"any": [KOC]}, {"joined": {}}, VIP]}
    page = submit(web, grouped, "drop:all[1]:into:all[0]")
    assert hidden(page) == {"all": [{"any": [VIP, KOC, {"joined": {}}]}]}
    page = submit(web, grouped, "unwrap:all[0]")
    assert hidden(page) == {"all": [VIP, KOC, {"joined": {}}]}
    page = submit(web, grouped, "remove-selected", selected=["all[0]", "all[0].any[0]"])
    assert hidden(page) == {"all": [{"joined": {}}]}
    page = submit(web, grouped, "group:all", selected=["all[1]", "all[0].any[0]"])
    assert hidden(page) == grouped
    assert "Select lines of one group." in text_of(page)
    page = submit(web, three, "kind::none")
    assert hidden(page) == {"all": [{"not": {"any": three["all"]}}]}


def test_a_line_with_several_conditions_is_kept_or_split(web: Client) -> None:
    several = {"tag": {"any": ["vip"], "none": ["koc"]}}
    page = submit(web, {"all": [several]}, "open:all[0]")
    assert "Split it to edit each of them." in text_of(page)
    text = html.unescape(re.findall(r'name="c-text" value="([^"]*)"', page)[0])
    page = submit(web, {"all": [several]}, "done", open="all[0]", **{"c-text": text})
    assert hidden(page) == {"all": [several]}
    page = submit(web, {"all": [several]}, "split", open="all[0]", **{"c-text": text})
    assert hidden(page) == {"all": [VIP, {"tag": {"none": ["koc"]}}]}


def test_escape_gives_the_focus_back(web: Client) -> None:
    """To the button that adds a line, or to the line that was open."""
    page = submit(web, {"all": [VIP]}, "cancel", open="+:tag")
    assert re.search(r"<summary[^>]*autofocus", page)
    page = submit(web, {"all": [VIP]}, "cancel", open="all[0]", **{"c-how": "any"})
    assert re.search(r'value="open:all\[0\]"[^>]*autofocus', page)


@pytest.mark.parametrize(("do", "expected"), STEPS)
def test_a_button_changes_the_rule_and_can_be_undone(
    web: Client, do: str, expected: Any
) -> None:
    page = submit(web, BOTH, do)
    assert hidden(page) == expected
    past = hidden(page, "past")
    assert past == ([] if expected == BOTH else [BOTH])
    if past:
        undone = submit(web, expected, "undo", past=json.dumps(past))
        assert hidden(undone) == BOTH


def test_another_button_saves_the_open_form(web: Client) -> None:
    typed = {"open": "all[0]", "c-how": "any", "c-tags": ["vip", "koc"]}
    page = submit(web, BOTH, "not:all[1]", **typed)
    assert hidden(page) == {"all": [{"tag": {"any": ["vip", "koc"]}}, KOC]}


def test_cancel_keeps_the_clause(web: Client) -> None:
    typed = {"open": "all[0]", "c-how": "none", "c-tags": ["koc"]}
    assert hidden(submit(web, BOTH, "cancel", **typed)) == BOTH


def test_why_marks_the_lines_that_a_member_matches(
    web: Client, shop: Community
) -> None:
    bob = account_queries.get(shop, "bob").pk
    text = text_of(submit(web, BOTH, f"why:{bob}"))
    assert "not included" in text
    assert "met who has the tag vip" in text
    assert "not met except anyone who" in text
    assert "has: koc" in text
    found = text_of(submit(web, BOTH, "look", who="bob"))
    assert "bob" in found


def test_why_is_refused_for_a_member_outside_the_scope(shop: Community) -> None:
    scope = {"tag": {"any": ["koc"]}}
    scoped = staff_models.create(community=shop, login="olga", scope=scope, at=AT)
    web, ann = browser(scoped), account_queries.get(shop, "ann").pk
    data = {"rule": json.dumps(BOTH), "do": f"why:{ann}"}
    assert web.post(f"{NEW}rule/", data).status_code == 404
    page = web.get(NEW, {"rule": json.dumps({"all": [VIP]})}).content.decode()
    assert counts(page) == ["1"]
    assert "Everyone in the community 1" in text_of(page)
    assert "ann" not in text_of(page)


def test_an_unknown_key_is_marked_and_reported(web: Client) -> None:
    page = submit(web, {"all": [VIP, {"tag": {"any": ["ghost"]}}]})
    assert '<b class="unknown">ghost</b>' in page
    assert "There is no tag “ghost”." in text_of(page)
    assert "who has the tag vip" in text_of(page)


@pytest.mark.parametrize(
    "rule",
    ['{"all": [', "[]", "3", '{"all": {"x": 1}}', '{"tag": 1, "did": 2}', "null"],
)
def test_an_invalid_rule_is_reported(web: Client, rule: str) -> None:
    response = web.post(f"{NEW}rule/", {"rule": rule, "do": "look"})
    assert response.status_code in (200, 422)
    assert web.get(NEW, {"rule": rule}).status_code in (200, 422)


def test_a_segment_is_created_updated_and_archived(
    web: Client, shop: Community
) -> None:
    data = {"rule": json.dumps(BOTH), "name": "Loyal 忠实", "note": "For March"}
    response = web.post(f"{NEW}save/", data)
    segment = segments.get(shop, "Loyal 忠实")
    assert response.status_code == 303
    assert response.headers["Location"] == f"/members/segments/{segment.pk}/"
    assert segment.rule == BOTH
    here = response.headers["Location"]
    web.post(f"{here}save/", {**data, "rule": json.dumps({"all": [VIP]}), "name": "L"})
    segment.refresh_from_db()
    assert (segment.name, segment.rule) == ("L", {"all": [VIP]})
    web.post(f"{here}archive/")
    assert segments.list_active(shop) == []
    web.post(f"{here}restore/")
    assert [each.pk for each in segments.list_active(shop)] == [segment.pk]


def test_a_rejected_save_keeps_the_draft(web: Client, shop: Community) -> None:
    response = web.post(f"{NEW}save/", {"rule": json.dumps(BOTH), "name": " "})
    page = response.content.decode()
    assert response.status_code == 422
    assert hidden(page) == BOTH
    assert "Enter a name first." in text_of(page)
    typed = {"open": "+:tag", "c-how": "any", "name": "Named"}
    response = web.post(f"{NEW}save/", {"rule": json.dumps(BOTH), **typed})
    assert "One condition is incomplete" in text_of(response.content.decode())
    assert segments.list_active(shop) == []


def test_two_segments_can_have_the_same_name(web: Client, shop: Community) -> None:
    for _twice in range(2):
        web.post(f"{NEW}save/", {"rule": json.dumps(BOTH), "name": "Loyal"})
    assert [each.key for each in segments.list_active(shop)] == ["Loyal", "Loyal-2"]


def test_a_segment_cannot_refer_to_itself(
    web: Client, boss: Staff, shop: Community
) -> None:
    loyal = segments.create(community=shop, key="loyal", rule=BOTH, by=boss, at=AT)
    rule = {"all": [{"segment": {"any": ["loyal"]}}]}
    url = f"/members/segments/{loyal.pk}/save/"
    response = web.post(url, {"rule": json.dumps(rule), "name": "loyal"})
    assert response.status_code == 422
    loyal.refresh_from_db()
    assert loyal.rule == BOTH


def test_staff_without_permission_can_count_but_not_save(shop: Community) -> None:
    web = browser(factories.staff(shop, role="viewer", login="vera"))
    page = web.get(NEW, {"rule": json.dumps(BOTH)}).content.decode()
    assert counts(page) == ["2", "1"]
    assert "Save segment" not in page
    data = {"rule": json.dumps(BOTH), "name": "Mine"}
    assert web.post(f"{NEW}save/", data).status_code == 403
    assert segments.list_active(shop) == []


def test_a_segment_is_frozen_and_shown(
    web: Client, boss: Staff, shop: Community
) -> None:
    loyal = segments.create(community=shop, key="loyal", rule=BOTH, by=boss, at=AT)
    response = web.post(f"/members/segments/{loyal.pk}/frozen/", {"key": "march"})
    page = text_of(web.get(response.headers["Location"]).content.decode())
    assert "Members on the list 1" in page
    assert "march" in text_of(web.get("/members/segments/").content.decode())


def test_an_overlap_shows_three_counts(
    web: Client, boss: Staff, shop: Community
) -> None:
    rules = {"a": {"all": [VIP]}, "b": {"all": [KOC]}}
    both = [
        segments.create(community=shop, key=key, rule=rule, by=boss, at=AT)
        for key, rule in rules.items()
    ]
    data = {"left": both[0].pk, "right": both[1].pk}
    text = text_of(web.get("/members/segments/overlap/", data).content.decode())
    assert "only in “a” 1" in text
    assert "in both 1" in text
    assert "only in “b” 0" in text


def test_the_list_shows_rules_and_sizes(
    web: Client, boss: Staff, shop: Community
) -> None:
    segments.create(community=shop, key="loyal", rule=BOTH, by=boss, at=AT)
    text = text_of(web.get("/members/segments/").content.decode())
    assert "everyone who has the tag vip except anyone who has the tag koc" in text
    assert "1 member" in text
    assert "No matching segments" in text_of(
        web.get("/members/segments/", {"q": "zzz"}).content.decode()
    )


def test_a_picker_finds_tags_by_part_of_their_name(web: Client) -> None:
    data = {"rule": '{"all": []}', "open": "+:tag", "c-tags-find": "vi", "c-how": "any"}
    page = web.post("/members/segments/options/tags/", data).content.decode()
    assert re.findall(r'value="([^"]*)"', page) == ["vip"]


TOO_MUCH = [
    "[" * 100_000,
    '{"not":' * 900 + "1" + "}" * 900,
    "[" + "1," * 300_000 + "1]",
]


@pytest.mark.parametrize("rule", TOO_MUCH, ids=["open", "deep", "long"])
def test_a_rule_that_is_too_large_is_rejected(web: Client, rule: str) -> None:
    assert web.post(f"{NEW}rule/", {"rule": rule, "do": "look"}).status_code == 422
    typed = {"rule": '{"all": []}', "open": "+:kept", "c-text": rule, "do": "done"}
    response = web.post(f"{NEW}rule/", typed)
    assert response.status_code == 200
    assert hidden(response.content.decode()) == {"all": []}


@pytest.mark.parametrize("field", ["open", "why", "past", "do"])
@pytest.mark.parametrize(
    "value",
    ["+::", "+:", "+all[0]:tag", "all[9]", "x" * 9000, "\x00", "null", "-1", "é"],
)
def test_a_manipulated_form_is_rejected_or_ignored(
    web: Client, field: str, value: str
) -> None:
    data = {"rule": json.dumps(BOTH), "do": "look", field: value}
    for path in ("new/rule/", "counts/"):
        response = web.post(f"/members/segments/{path}", data)
        assert response.status_code in (200, 404, 422)


def test_amounts_are_shown_and_entered_as_money(web: Client) -> None:
    kind = {"kind": "order.paid", "within": "30d"}
    rule = {"all": [{"did": {**kind, "sum": {"field": "amount", "gte": 12_050}}}]}
    page = submit(web, rule, "open:all[0]")
    assert "total amount of at least CNY 120.50" in text_of(page)
    assert 'name="c-number" value="120.50"' in page
    assert "In CNY" in text_of(page)
    assert ">amount</option>" in page
    typed = {"kind": "order.paid", "measure": "sum", "field": "amount", "sign": "gte"}
    typed |= {"number": "250.5", "when": "within", "span": "30"}
    fields = {f"c-{name}": value for name, value in typed.items()}
    page = submit(web, rule, "done", open="all[0]", **fields)
    changed = {**kind, "sum": {"field": "amount", "gte": 25_050}}
    assert hidden(page) == {"all": [{"did": changed}]}


def test_hours_of_a_step_are_filled_in(web: Client) -> None:
    paid = {"kind": "order.paid"}
    steps = [{**paid, "hours": ["22:00", "06:30"]}, paid]
    page = submit(web, {"all": [{"seq": {"steps": steps}}]}, "open:all[0]")
    assert 'class="editor kind-seq"' in page
    assert "c-text" not in page
    assert 'value="22:00"' in page
    assert "Step 2: from (time of day)" in page
    assert "Step 3: from (time of day)" not in page
