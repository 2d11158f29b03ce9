"""What volunteers do by words in their group, and nobody else."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from qunce.channels import inbox
from qunce.groups import memberships, staff_roles
from qunce.groups.entry import gates, requests
from qunce.groups.entry.models import EntryRequest
from qunce.groups.labels import ROLES
from qunce.groups.moderation.models import Case, MemberReport
from qunce.groups.volunteers import message_words, rights
from qunce.groups.wishes.models import Wish, WishVoice
from qunce.members.message_texts.models import MessageText
from qunce.outreach.sending import channel_events
from tests import factories
from tests.groups.moderation.conftest import Chat, channel, chat

__all__ = ["channel", "chat"]
pytestmark = pytest.mark.django_db
KEYS = itertools.count()


@pytest.fixture
def volunteer(chat: Chat) -> int:
    (vera,) = chat.join("vera")
    memberships.change_role(
        group=chat.group, account=vera, role="volunteer", by=chat.by, at=chat.now
    )
    return vera


def say(chat: Chat, name: str, text: str, **payload: Any) -> str:
    """Let the channel report a message; returns its id."""
    key = f"$v{next(KEYS)}"
    inbox.receive(
        community=chat.community,
        channel="fake",
        key=key,
        kind="message",
        payload={"id": key, "group": "!room", "from": name, "text": text, **payload},
        at=chat.now,
    )
    assert inbox.dispatch(handlers=channel_events.HANDLERS, at=chat.now)
    return key


@pytest.mark.parametrize("word", ["!report sells shoes", "！举报 卖鞋", "!REPORT"])
def test_a_report_opens_a_case_for_staff(chat: Chat, volunteer: int, word: str) -> None:
    advert = say(chat, "bob", "add me for cheap bags")
    say(chat, "vera", word, answers=advert)
    (case,) = Case.objects.all()
    assert (case.message_key, case.account_id) == (advert, chat.people["bob"])
    assert (case.state, case.text) == ("open", "add me for cheap bags")
    (report,) = MemberReport.objects.all()
    assert report.account_id == volunteer
    assert chat.done() == []


def test_a_wish_is_noted_once_with_its_message(chat: Chat, volunteer: int) -> None:
    message = say(chat, "bob", "Could the tea come in tins?")
    for _again in range(2):
        say(chat, "vera", "!wish Tea in tins", answers=message)
    (wish,) = Wish.objects.all()
    (voice,) = WishVoice.objects.all()
    assert (wish.title, voice.account_id) == ("Tea in tins", chat.people["bob"])
    say(chat, "vera", "!wish", answers=message)
    assert Wish.objects.count() == 1


def test_words_of_others_are_ordinary_messages(chat: Chat, volunteer: int) -> None:
    message = say(chat, "bob", "Could the tea come in tins?")
    for name, answers in (("eve", message), ("vera", ""), ("vera", "$unknown")):
        for word in ("!report", "!wish tins"):
            say(chat, name, word, answers=answers)
    assert not Case.objects.exists()
    assert not Wish.objects.exists()
    assert MessageText.objects.filter(text="!wish tins").count() == 3


def test_a_volunteer_acts_in_their_own_group_only(chat: Chat, volunteer: int) -> None:
    message = say(chat, "bob", "tins?", group="!south")
    say(chat, "vera", "!wish tins", answers=message, group="!south")
    assert not Wish.objects.exists()


def test_volunteers_let_people_in_and_others_do_not(chat: Chat, volunteer: int) -> None:
    gates.configure(group=chat.group, needs_approval=True, by=chat.by, at=chat.now)
    gates.switch(group=chat.group, is_on=True, by=chat.by, at=chat.now)
    kim = factories.member(chat.community, "kim", name="Kim Lee").pk
    requests.open_request(group=chat.group, account=kim, by=chat.by, at=chat.now)
    request = EntryRequest.objects.get()
    say(chat, "bob", "!in @Kim Lee")
    request.refresh_from_db()
    assert request.state == "waiting"
    say(chat, "vera", "!in @Kim Lee")
    request.refresh_from_db()
    assert request.state == "passed"


@pytest.mark.parametrize("text", ["report", "!reports", "please !report", "!wishful x"])
def test_other_texts_are_no_words(text: str) -> None:
    assert message_words.parse(text) is None
    assert message_words.parse("!report") is not None


def test_every_role_has_its_place() -> None:
    assert set(ROLES) > staff_roles.NOT_COUNTED
    assert staff_roles.NOT_WINNING < staff_roles.NOT_COUNTED
    assert set(ROLES) - staff_roles.NOT_COUNTED == {"member", "koc", "core", "seed"}
    assert set(rights.OF_ROLE) <= staff_roles.NOT_COUNTED
