"""A draw and a week of check-ins by copy and paste only, while members can open no page.

Nothing is sent by a channel: staff copy what the console shows, and paste the chat's lines.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from qunce import reactions
from qunce.activities import announcements
from qunce.activities.activities import lifecycle
from qunce.activities.activities.models import Activity, Answer, Entry, PastedLine, Way
from qunce.activities.check_ins.models import CheckIn, Streak
from qunce.activities.draws.models import Draw
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.console import http
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.outreach.sending.ledger import Message
from tests import factories
from tests.activities.running import DAY, HOUR, approver
from tests.clients import browser
from tests.factories import AT

pytestmark = pytest.mark.django_db
COPIED = re.compile(r'data-copy="([^"]*)"')
ERROR = re.compile(r'class="(?:error|notice bad)"[^>]*>([^<]*)')
LINK = re.compile(r"https?:|www\.|/p/|localhost|127\.0\.0\.1")


@dataclass
class Office:
    """Two people of the staff at their browsers, and what they have copied."""

    ann: Client
    ben: Client
    group: Group
    now: datetime
    copied: list[str]

    def at(self, moment: datetime) -> None:
        """Wait until then, as the jobs of the clock do their work."""
        self.now = moment
        lifecycle.move_due(at=moment)
        announcements.announce_due(at=moment)
        reactions.CONSUMER.catch_up(at=moment)

    def open(self, client: Client, url: str) -> str:
        page = client.get(url).content.decode()
        self.copied += [html.unescape(text) for text in COPIED.findall(page)]
        return page

    def send(self, client: Client, view: str, *args: Any, **fields: Any) -> str:
        response = client.post(reverse(view, args=args), fields, follow=True)
        page = response.content.decode()
        assert response.status_code == 200, ERROR.findall(page)
        self.copied += [html.unescape(text) for text in COPIED.findall(page)]
        reactions.CONSUMER.catch_up(at=self.now)
        return page

    def post_all(self, client: Client) -> list[str]:
        """Copy each text that waits into the chat it is for, and mark it."""
        self.open(client, reverse("playbooks:post-list"))
        waiting = list(Message.objects.filter(state="planned", staff__isnull=False))
        for message in waiting:
            self.send(client, "playbooks:post-sent", message.pk)
        return [message.text for message in waiting]

    def publish(self, activity: Activity) -> None:
        self.send(self.ann, "activities:submit", activity.pk)
        page = self.send(self.ben, "activities:approve", activity.pk)
        assert "Published." in page

    def paste(self, activity: Activity, text: str) -> str:
        return self.send(
            self.ann, "activities:paste", activity.pk, group=self.group.pk, text=text
        )


@pytest.fixture
def office(by: Staff, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Office:
    settings.PORTAL_URL = settings.PUBLIC_URL = ""
    members = [
        factories.member(by.community, key, name=name).pk
        for key, name in (("zhang", "张三"), ("li", "李四"), ("wang", "王小五"))
    ]
    group = factories.group(by.community, "north", *members, name="North")
    made = Office(browser(by), browser(approver(by)), group, AT, [])
    monkeypatch.setattr(http, "now", lambda: made.now)
    return made


FIELDS: dict[str, Any] = {
    "text": "For everybody in the group.",
    "may_join": "all",
    "refusal": "Join the group first.",
    "notified": "",
    "points": "no_limit",
    "money": "no_limit",
}


def local(moment: datetime) -> str:
    """As a browser in Shanghai sends it."""
    return f"{moment + timedelta(hours=8):%Y-%m-%dT%H:%M}"


def check_no_link(office: Office) -> None:
    """Nothing that a member reads names a page."""
    read = [
        *office.copied,
        *Message.objects.values_list("text", flat=True),
        *Answer.objects.values_list("text", flat=True),
        *PastedLine.objects.values_list("answer", flat=True),
    ]
    assert len(read) > 10
    assert [text for text in read if LINK.search(text)] == []
    assert [text for text in read if "your page" in text or "on the page" in text] == []


def test_a_whole_draw(office: Office) -> None:
    ann, ben = office.ann, office.ben
    office.send(
        ann,
        "prizes:create",
        name="Beans",
        kind="goods",
        total="5",
        value="88",
        cost="40",
        claim_days="14",
        unclaimed="return",
    )
    prize = PrizeStock.objects.get()
    fields = FIELDS | {"name": "Birthday draw", "groups": [office.group.pk]}
    fields |= {"starts_at": local(AT), "ends_at": local(AT + HOUR)}
    fields["setting_most_tickets"] = "1"
    office.send(ann, "activities:create", "draw", **fields, text_start="It starts.")
    activity = Activity.objects.get()
    office.send(ann, "draws:prizes", activity.pk, stock_0=prize.pk, count_0="1")
    office.send(
        ann,
        "draws:public-value",
        activity.pk,
        source="figure",
        figure_name="Index, close of 6 March 2026",
        figure_digits="6",
        figure_at=local(AT + 2 * HOUR),
    )
    office.publish(activity)
    office.at(AT + timedelta(minutes=1))
    assert office.post_all(ann) == ["It starts."]
    page = office.open(ann, reverse("activities:detail", args=[activity.pk]))
    assert "Members cannot open their pages here" in page
    assert "Write “draw” in the group." in "\n".join(office.copied)

    page = office.paste(activity, "张三：抽奖\n李四：抽奖\n小五：抽奖\n张三：好的")
    assert "Taken: 2 · unsure: 1 · refused: 0 · pasted before: 0" in page
    line = PastedLine.objects.get(state="unsure")
    office.send(ann, "activities:answer-line", activity.pk, line.pk, member="wang")
    page = office.paste(activity, "张三：抽奖\n李四：抽奖\n小五：抽奖\n张三：好的")
    assert "Taken: 0 · unsure: 0 · refused: 0 · pasted before: 3" in page
    assert set(Entry.objects.values_list("source", flat=True)) == {Way.PASTE}
    assert Entry.objects.count() == 3

    office.at(AT + HOUR)
    root = Draw.objects.get().root
    assert root in office.open(ann, reverse("draws:detail", args=[activity.pk]))
    office.at(AT + 2 * HOUR)
    office.send(ann, "draws:type-figure", activity.pk, figure="402418")
    assert "You have typed it" in office.open(
        ann, reverse("draws:detail", args=[activity.pk])
    )
    page = office.send(ben, "draws:type-figure", activity.pk, figure="402418")
    assert "Drawn. The winners are below." in page
    text = next(each for each in reversed(office.copied) if "Winners of" in each)
    assert root in text
    assert "Beans" in text

    award = Award.objects.get()
    office.send(
        ann,
        "prizes:claim",
        award.pk,
        recipient="张三",
        phone="13800138000",
        address="上海市南京西路 1 号",
    )
    office.send(ann, "prizes:send", award.pk, carrier="SF", parcel_number="SF10203040")
    office.send(ann, "prizes:hand-over", award.pk)
    won, sent = office.post_all(ann)
    assert won.startswith("You have won: Beans.")
    assert sent == "Beans is on its way: SF SF10203040."
    office.send(ann, "activities:settle", activity.pk)
    page = office.send(ann, "activities:review", activity.pk, lesson="Start earlier.")
    assert "Start earlier." in page
    assert Activity.objects.get().state == "reviewed"
    check_no_link(office)


def test_a_week_of_check_ins(office: Office) -> None:
    fields = FIELDS | {"name": "A cup a day", "groups": [office.group.pk]}
    fields |= {"starts_at": local(AT), "ends_at": local(AT + 7 * DAY)}
    fields |= {
        "setting_proof": "tap",
        "setting_make_up_days": "7",
        "setting_cards_per_month": "1",
        "setting_card_sales": "1",
        "text_start": "Write “check in” each day.",
        "text_last_call": "The last day.",
        "minutes_last_call": "60",
    }
    office.send(office.ann, "activities:create", "check_in", **fields)
    activity = Activity.objects.get()
    office.publish(activity)
    chat = ""
    for day in range(7):
        office.at(AT + day * DAY + timedelta(minutes=30))
        shown = local(AT + day * DAY + timedelta(minutes=10)).replace("T", " ")
        # Each evening the whole chat is pasted, with the days before.
        chat += f"张三 {shown}\n打卡\n"
        if day != 3:
            chat += f"李四 {shown}\n打卡\n"
        page = office.paste(activity, chat)
        assert f"Taken: {1 if day == 3 else 2} · unsure: 0 · refused: 0" in page
        assert "Taken: 0" in office.paste(activity, chat)
    chat += f"李四 {local(office.now - timedelta(minutes=1)).replace('T', ' ')}\n补签\n"
    assert "Taken: 1" in office.paste(activity, chat)
    lengths = Streak.objects.order_by("person_id").values_list("length", flat=True)
    assert list(lengths) == [7, 7]
    assert CheckIn.objects.count() == 14
    assert set(Entry.objects.values_list("source", flat=True)) == {Way.PASTE}
    office.at(AT + 7 * DAY - HOUR)
    assert "The last day." in office.post_all(office.ann)
    page = office.open(office.ann, reverse("activities:entries", args=[activity.pk]))
    assert "From pasted lines" in page
    office.at(AT + 7 * DAY)
    activity.refresh_from_db()
    assert activity.state == "closed"
    check_no_link(office)
