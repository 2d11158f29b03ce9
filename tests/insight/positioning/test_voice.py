"""Words that texts never say: found as a slow search of all places finds them (I15)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.insight.positioning import sheets, voice
from qunce.insight.positioning.sheet import Word
from qunce.insight.positioning.voice import NeverSaid
from qunce.outreach.campaigns import campaigns
from qunce.outreach.care import rules as care_rules
from qunce.outreach.content import message_templates
from qunce.outreach.content.materials import library
from qunce.outreach.group_templates import templates as group_templates
from qunce.outreach.playbooks import playbooks
from qunce.outreach.tasks import requests
from qunce.outreach.welcomes import welcomes
from tests import factories, shares
from tests.factories import AT

few = settings(max_examples=shares.examples(300), deadline=None)
alphabet = "ab1 最便.-"


def is_said(word: str, text: str) -> bool:
    """Look at every place of the text, and at what stands beside it."""
    ascii_signs = "abcdefghijklmnopqrstuvwxyz0123456789"
    for start in range(len(text) - len(word) + 1):
        end = start + len(word)
        if text[start:end] != word:
            continue
        before, after = text[start - 1 : start], text[end : end + 1]
        is_in_word = word[0] in ascii_signs and before and before in ascii_signs
        goes_on = word[-1] in ascii_signs and after and after in ascii_signs
        if not is_in_word and not goes_on:
            return True
    return False


@few
@given(
    st.text(alphabet, min_size=1, max_size=3).map(str.strip).filter(bool),
    st.text(alphabet, max_size=12),
)
def test_words_are_found_where_they_stand_alone(word: str, text: str) -> None:
    plain = " ".join(text.split())
    word = " ".join(word.split())
    found = list(voice.find_uses([Word(word=word)], [("it", text)]))
    assert bool(found) == is_said(word, plain)


@pytest.mark.parametrize(
    ("word", "text", "said"),
    [
        ("最便宜", "全网最便宜的咖啡", True),
        ("best", "The BEST coffee", True),
        ("best", "bestow", False),
        ("best", "它是best的", True),
        ("ＶＩＰ", "vip", True),
        ("free gift", "free\n gift", True),
        ("free", "f\u200bree", True),
        ("第一", "第二", False),
    ],
)
def test_spellings_do_not_hide_a_word(word: str, text: str, said: bool) -> None:
    assert bool(list(voice.find_uses([Word(word=word)], [("it", text)]))) == said


# What is saved


@pytest.fixture
def shop() -> Community:
    return factories.community(language="en", timezone="UTC")


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


def forbid(owner: Staff, word: str, instead: str = "") -> None:
    sheets.save(
        community=owner.community,
        content={"never_say": [{"word": word, "instead": instead}]},
        by=owner,
        at=AT,
    )


GOOD, BAD = "A fair price", "The cheapest of all"
STEP = {"id": "s1", "kind": "send", "channel": "assisted", "purpose": "service"}


def save_all(owner: Staff, text: str) -> dict[str, Any]:
    """What each verb that saves a text needs; none is called before."""
    mine: dict[str, Any] = {"community": owner.community, "by": owner, "at": AT}
    playbook = {
        "entry": {"on": "fact", "fact": "order.paid"},
        "steps": [{**STEP, "text": text}],
    }
    with_task = {
        "entry": {"on": "fact", "fact": "order.paid"},
        "steps": [
            {"id": "s1", "kind": "staff_task", "staff": owner.login, "text": text}
        ],
    }
    return {
        "material": lambda: library.create(
            kind="text", title="One", text=text, content_type="fun", **mine
        ),
        "name": lambda: library.create(
            kind="text", title=text, text=GOOD, content_type="fun", **mine
        ),
        "template": lambda: message_templates.create(
            name="One", purpose="value", texts={"A": GOOD, "B": text}, **mine
        ),
        "campaign": lambda: campaigns.create(
            name="One", text=text, target="members", staff=[owner.pk], **mine
        ),
        "variant": lambda: campaigns.create(
            name="Two",
            text=GOOD,
            target="members",
            staff=[owner.pk],
            variants=[{"name": "B", "share": 50, "text": text}],
            **mine,
        ),
        "welcome": lambda: welcomes.create(
            name="One", event="community", is_for_others=True, text=text, **mine
        ),
        "care": lambda: care_rules.create(
            name="One",
            occasion={"on": "joined", "unit": "days", "numbers": [30]},
            action="message",
            text=text,
            staff=owner,
            **mine,
        ),
        "playbook": lambda: playbooks.create(name="One", definition=playbook, **mine),
        "playbook task": lambda: playbooks.create(
            name="Two", definition=with_task, **mine
        ),
        "staff task": lambda: requests.create(
            draft=requests.Draft(
                kind="moments", title="One", text=text, staff=[owner.pk]
            ),
            by=owner,
            at=AT,
        ),
        "group template": lambda: group_templates.create(
            name="One", content={"card": {"whom": text}}, **mine
        ),
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    "what",
    [
        "material",
        "name",
        "template",
        "campaign",
        "variant",
        "welcome",
        "care",
        "playbook",
        "playbook task",
        "staff task",
        "group template",
    ],
)
def test_no_verb_saves_what_is_never_said(owner: Staff, what: str) -> None:
    forbid(owner, "cheapest", "fairly priced")
    with pytest.raises(NeverSaid) as caught:
        save_all(owner, BAD)[what]()
    sentence = str(caught.value)
    assert "“cheapest”" in sentence
    assert "Say “fairly priced” instead." in sentence
    assert save_all(owner, GOOD)[what]() is not None


@pytest.mark.django_db
def test_the_sentence_names_the_field(owner: Staff) -> None:
    forbid(owner, "cheapest")
    with pytest.raises(NeverSaid, match=r"^Variant B says “cheapest”"):
        save_all(owner, BAD)["template"]()
    with pytest.raises(NeverSaid, match=r"^The name says"):
        save_all(owner, BAD)["name"]()
    with pytest.raises(NeverSaid, match=r"^Step 1 says"):
        save_all(owner, BAD)["playbook"]()


@pytest.mark.django_db
def test_only_new_texts_are_checked(owner: Staff) -> None:
    material = save_all(owner, BAD)["material"]()
    forbid(owner, "cheapest")
    changed = library.update(material=material, by=owner, at=AT, notes="kept")
    assert changed == ["notes"]
    with pytest.raises(NeverSaid):
        library.update(material=material, by=owner, at=AT, text=f"{BAD}!")
    assert library.update(material=material, by=owner, at=AT, text=GOOD) == ["text"]
