"""The pages of the inbox and of automatic replies."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.people import staff_accounts
from qunce.outreach.replies.models import Answer, Conversation, ReplyRule
from tests import clients, factories
from tests.factories import AT
from tests.outreach.replies import chats as chat_events
from tests.outreach.replies.chats import MINUTE, Chats

pytestmark = pytest.mark.django_db
PAGE = "/outreach/inbox/"


@pytest.fixture
def chats(shop: Community, by: Staff) -> Iterator[Chats]:
    yield from chat_events.opened(shop)


def shown(response: Any) -> str:
    return str(response.content.decode())


def test_the_inbox_goes_from_one_to_the_next(chats: Chats, ann: Client) -> None:
    assert "Nobody has written yet" in shown(ann.get(PAGE))
    chats.write("bob", "几点开门<b>？")
    chats.write("cat", "有燕麦奶吗")
    first, second = chats.conversations()
    page = shown(ann.get(PAGE))
    assert "几点开门&lt;b&gt;？" in page
    assert "有燕麦奶吗" in page
    detail = shown(ann.get(f"{PAGE}{first.pk}/"))
    assert "Send the answer" in detail
    refused = ann.post(f"{PAGE}{first.pk}/answer/", {"text": "x" * 4_001})
    assert refused.status_code == 422
    assert "xxxx" in shown(refused)
    sent = ann.post(f"{PAGE}{first.pk}/answer/", {"text": "九点"})
    assert sent.headers["Location"] == f"{PAGE}{second.pk}/"
    answer = Answer.objects.get()
    assert f"/outreach/inbox/answers/{answer.pk}/undo/" in shown(
        ann.get(f"{PAGE}{second.pk}/")
    )
    again = ann.post(f"{PAGE}{first.pk}/answer/", {"text": "十点"})
    assert again.status_code == 422
    ann.post(f"{PAGE}{second.pk}/close/", {"reason": "spam"})
    closed = shown(ann.get(PAGE, {"state": "closed"}))
    assert "advertising or spam" in closed
    ann.post(f"{PAGE}{second.pk}/reopen/")
    ann.post(f"{PAGE}{second.pk}/assign/", {"staff": ""})
    ann.post(f"{PAGE}{second.pk}/answered/")
    second.refresh_from_db()
    assert (second.state, second.staff) == ("answered", None)


def test_inbox_and_insight_show_the_same_mentions(
    chats: Chats, ann: Client, by: Staff
) -> None:
    """Staff write in the group, and only an answer to the member ends a mention."""
    now = datetime.now(UTC)
    ids = chats.members("bob", "cat", "wang")
    factories.group(by.community, "north", "bob", "cat", platform="fake")
    staff_accounts.mark(accounts=[ids["wang"]], by=by, at=AT, staff=by)
    said: dict[str, Any] = {"group": "north", "mentions": ["wang"]}
    number = chats.write("bob", "@wang open?", at=now - 5 * MINUTE, **said)
    chats.write("cat", "@wang tea?", at=now - 4 * MINUTE, **said)
    chats.write("wang", "hello all", group="north", at=now - 3 * MINUTE)
    chats.write("wang", "at 9", group="north", at=now - MINUTE, answers=number)
    inbox_page = shown(ann.get(PAGE))
    assert "2 mentions in groups in 7 days, 1 answered" in inbox_page
    assert "@wang tea?" in inbox_page
    assert "@wang open?" not in inbox_page
    (address,) = re.findall(r'href="(/insight/staff/[^"]+)"', inbox_page)
    insight_page = shown(ann.get(html.unescape(address)))
    assert "2 mentions in groups, 1 answered" in insight_page


def test_an_answer_is_undone_from_the_page(
    chats: Chats, ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    chats.write("bob", "hello?")
    (waiting,) = chats.conversations()
    Conversation.objects.update(channel="wechat")
    page = shown(ann.get(f"{PAGE}{waiting.pk}/"))
    assert "Mark as sent" in page
    ann.post(f"{PAGE}{waiting.pk}/answer/", {"text": "Hi"})
    answer = Answer.objects.get()
    ann.post(f"{PAGE}answers/{answer.pk}/undo/")
    waiting.refresh_from_db()
    assert waiting.state == "waiting"


def test_similar_answers_and_cases_stand_beside(chats: Chats, ann: Client) -> None:
    chats.write("bob", "请问怎么退货？")
    (first,) = chats.conversations()
    ann.post(f"{PAGE}{first.pk}/answer/", {"text": "七天内都可以退"})
    Answer.objects.update(state="sent")
    chats.write("cat", "退货怎么弄，杯子坏了")
    second = chats.conversations()[-1]
    page = shown(ann.get(f"{PAGE}{second.pk}/"))
    assert "七天内都可以退" in page
    assert "Quality: 坏了" in page


def test_automatic_replies_are_written_tried_and_ordered(
    shop: Community, ann: Client, by: Staff
) -> None:
    url = f"{PAGE}automatic/"
    assert "No automatic reply yet" in shown(ann.get(url))
    form = {
        "name": "Hours",
        "match": "contains",
        "words": "几点，营业时间",
        "text": "九点到六点",
        "in_direct": "on",
        "member_pause": "10",
        "group_pause": "1",
        "per_hour": "30",
    }
    assert ann.post(f"{url}new/", form | {"words": ""}).status_code == 422
    assert ann.post(f"{url}new/", form).status_code == 303
    rule = ReplyRule.objects.get()
    assert rule.is_on is False
    ann.post(f"{url}{rule.pk}/on/")
    second = form | {"name": "Second", "match": "exact", "words": "几点开门"}
    conflict = ann.post(f"{url}new/", second)
    assert conflict.status_code == 422
    assert "answered by “Hours”, too" in shown(conflict)
    assert ann.post(f"{url}new/", second | {"accept_conflicts": "1"}).status_code == 303
    other = ReplyRule.objects.get(name="Second")
    switched = ann.post(f"{url}{other.pk}/on/", follow=True)
    assert "“Hours” has “几点开门”, too" in shown(switched)
    ann.post(f"{url}{other.pk}/off/")
    tried = shown(ann.get(url, {"tried": "周末几点\n你好"}))
    assert "no answer" in tried
    assert "<strong><bdi>Hours" in tried
    ann.post(f"{url}{other.pk}/up/")
    assert "<strong><bdi>Second" in shown(ann.get(url, {"tried": "几点开门"}))
    ann.post(f"{url}{rule.pk}/off/")
    ann.post(f"{url}{rule.pk}/archive/")
    assert "Hours" not in shown(ann.get(url)).split("Try it")[0].split("<ol")[-1]
    form["text"] = "{nothing"
    assert ann.post(f"{url}{other.pk}/", form).status_code == 422


def test_settings_and_rights(shop: Community, ann: Client, by: Staff) -> None:
    form = {"answer_minutes": "30", "mention_words": "@小豆，店长"}
    assert ann.post(f"{PAGE}settings/", form).status_code == 303
    assert "小豆" in shown(ann.get(f"{PAGE}settings/"))
    viewer = clients.browser(factories.staff(shop, "viewer", "vic"))
    for path in (
        PAGE,
        f"{PAGE}settings/",
        f"{PAGE}automatic/",
        f"{PAGE}automatic/new/",
    ):
        assert viewer.get(path).status_code == 403
