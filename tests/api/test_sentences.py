"""Sentences read as rules through the API."""

from __future__ import annotations

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.groups import groups
from tests import factories
from tests.clients import ApiClient, create_client
from tests.factories import AT

READ = "/rules/read"


def test_sentence_that_is_understood_comes_with_its_rule_and_notes(
    shop: Community, api: ApiClient
) -> None:
    factories.tag(shop, "vip", name="VIP")
    answer = api.post(READ, {"sentence": "VIP who bought this week"})
    assert answer.status == 200
    assert answer.body["rule"] == {
        "all": [
            {"tag": {"any": ["vip"]}},
            {"did": {"kind": "order.paid", "during": "this week"}},
        ]
    }
    assert answer.body["text"].startswith("everyone who has")
    assert [mark["state"] for mark in answer.body["marks"]] == ["understood"]
    assert "this week" in answer.body["notes"][0]
    # What it says is a rule: it can be counted.
    assert api.post("/rules/count", {"rule": answer.body["rule"]}).body == {"count": 0}


def test_words_that_are_not_understood_are_marked(
    shop: Community, api: ApiClient
) -> None:
    factories.tag(shop, "vip", name="VIP")
    text = "VIP who like dogs"
    body = api.post(READ, {"sentence": text}).body
    assert (body["rule"], body["text"]) == (None, "")
    states = {text[m["start"] : m["end"]].strip(): m["state"] for m in body["marks"]}
    assert states["VIP who"] == "understood"
    assert (states["like"], states["dogs"]) == ("unknown", "unknown")


def test_choices_are_offered_for_what_has_several_meanings(
    shop: Community, api: ApiClient
) -> None:
    for key in ("vip", "koc"):
        factories.tag(shop, key, name=key.upper())
    text = "VIP and KOC"
    (mark,) = [
        each
        for each in api.post(READ, {"sentence": text}).body["marks"]
        if each["state"] == "ambiguous"
    ]
    assert [sorted(choice) for choice in mark["choices"]] == [["label", "text"]] * 2
    chosen = text[: mark["start"]] + mark["choices"][0]["text"] + text[mark["end"] :]
    assert "any" in api.post(READ, {"sentence": chosen}).body["rule"]


def test_sentences_that_are_too_long_or_empty_are_refused(api: ApiClient) -> None:
    for sentence in ("", "VIP " * 200):
        assert api.post(READ, {"sentence": sentence}).status == 422
    assert api.post(READ, {}).status == 422


def test_groups_that_the_asker_may_not_see_are_unknown_words(
    shop: Community, api: ApiClient
) -> None:
    groups.create(
        key="g", name="Secret", community=shop, by=staff_models.system(shop), at=AT
    )
    other = create_client(shop, groups=[])
    sentence = {"sentence": "in group Secret"}
    assert api.post(READ, sentence).body["rule"] == {"group": {"any": ["g"]}}
    assert other.post(READ, sentence).body["rule"] is None
