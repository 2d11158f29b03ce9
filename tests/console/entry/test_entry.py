"""Pages of entry gates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.console.entry import question_lines
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.groups.entry import gates
from qunce.groups.entry.models import EntryGate, EntryRequest
from tests import clients, factories

QUESTIONS = """Where do you live? [city]
- 上海, Shanghai #local
- 北京
Why do you join?"""


@pytest.fixture
def owner(db: None) -> Staff:
    return factories.staff(factories.community(language="en"))


def test_questions_are_lines() -> None:
    read = question_lines.read(QUESTIONS)
    assert read == [
        {
            "text": "Where do you live?",
            "attribute": "city",
            "answers": [
                {"words": ["上海", "Shanghai"], "tag": "local"},
                {"words": ["北京"], "tag": ""},
            ],
        },
        {"text": "Why do you join?", "attribute": "", "answers": []},
    ]
    assert question_lines.write(read) == QUESTIONS
    with pytest.raises(gates.InvalidGate, match="above its answers"):
        question_lines.read("- 上海")


WORD = st.text("ab上海 x", min_size=1, max_size=6).map(str.strip).filter(bool)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "text": WORD,
                "attribute": st.just("") | WORD,
                "answers": st.lists(
                    st.fixed_dictionaries(
                        {
                            "words": st.lists(WORD, min_size=1, max_size=3),
                            "tag": st.just("") | WORD,
                        }
                    ),
                    max_size=3,
                ),
            }
        ),
        max_size=4,
    )
)
def test_written_questions_are_read_as_they_were(questions: list[object]) -> None:
    assert question_lines.read(question_lines.write(questions)) == questions  # type: ignore[arg-type]


def test_gate_is_set_up_and_somebody_let_in_by_hand(owner: Staff) -> None:
    browser = clients.browser(owner)
    north = factories.group(owner.community, "north", name="North", platform="wechat")
    factories.member(owner.community, "kim", name="Kim")
    url = f"/groups/entry/gates/{north.pk}/"
    page = browser.post(f"{url}switch/", {"on": "1"}, follow=True).content.decode()
    assert "Give a keyword" in page
    values = {"keywords": "芝士, cheese", "wait_hours": 24, "max_attempts": 3}
    assert browser.post(url, values).status_code == 303
    page = browser.post(f"{url}switch/", {"on": "1"}, follow=True).content.decode()
    assert "The gate is on." in page
    assert EntryGate.objects.get().keywords == ["芝士", "cheese"]
    page = browser.post(f"{url}open/", {"member": "kim"}, follow=True).content.decode()
    assert "the keyword" in page
    row = EntryRequest.objects.get()
    own = f"/groups/entry/{row.pk}/"
    page = browser.post(f"{own}answer/", {"text": "milk"}, follow=True).content.decode()
    assert "That does not fit." in page
    page = browser.post(
        f"{own}answer/", {"text": "cheese"}, follow=True
    ).content.decode()
    assert "That is right." in page
    row.refresh_from_db()
    assert row.state == "passed"
    assert "Kim" in browser.get("/groups/entry/").content.decode()


def test_refusal_can_be_undone(owner: Staff) -> None:
    browser = clients.browser(owner)
    north = factories.group(owner.community, "north")
    factories.member(owner.community, "kim", name="Kim")
    url = f"/groups/entry/gates/{north.pk}/"
    browser.post(url, {"needs_approval": "on", "wait_hours": 24, "max_attempts": 3})
    browser.post(f"{url}switch/", {"on": "1"})
    browser.post(f"{url}open/", {"member": "kim"})
    row = EntryRequest.objects.get()
    page = browser.post(f"/groups/entry/{row.pk}/refuse/", follow=True)
    assert f"/groups/entry/{row.pk}/let-in/" in page.content.decode()
    browser.post(f"/groups/entry/{row.pk}/let-in/")
    row.refresh_from_db()
    assert row.state == "passed"


def test_rules_are_published_and_acceptances_counted(owner: Staff) -> None:
    browser = clients.browser(owner)
    (kim,) = factories.members(owner.community, "kim")
    north = factories.group(owner.community, "north", kim)
    url = f"/groups/entry/gates/{north.pk}/"
    rules = {"rules-text": "No adverts.", "rules-accept_words": "agree"}
    browser.post(f"{url}rules/", rules)
    page = browser.post(f"{url}rules/accept/", {"member": "kim"}, follow=True)
    assert "accepted by 1 of 1 members" in page.content.decode()
    again = {**rules, "rules-text": "No adverts at all.", "rules-asks_again": "on"}
    page = browser.post(f"{url}rules/", again, follow=True)
    assert "accepted by 0 of 1 members" in page.content.decode()
    assert groups.count_members(north) == 1


def test_gates_of_hidden_groups_are_unknown(owner: Staff) -> None:
    factories.group(owner.community, "north")
    south = factories.group(owner.community, "south")
    clerk = factories.staff(owner.community, "operator", "clerk", groups=["north"])
    browser = clients.browser(clerk)
    assert browser.get(f"/groups/entry/gates/{south.pk}/").status_code == 404
    assert browser.get("/groups/entry/").status_code == 200
