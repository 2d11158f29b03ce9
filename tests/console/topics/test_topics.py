"""The pages of topics: hot list, replies, hiding, the file, and topics from ideas."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from qunce.activities.activities.models import Activity, State
from qunce.activities.topics.models import ReplyState, TopicReply
from qunce.core.staff.models import Staff
from qunce.outreach.ideas import archive, ideas
from qunce.outreach.ideas.models import State as IdeaState
from tests import factories
from tests.activities import running
from tests.activities.running import open_now
from tests.clients import browser, create_client
from tests.factories import AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


@pytest.fixture
def client(by: Staff) -> Client:
    return browser(by)


@pytest.fixture
def topic(by: Staff) -> Activity:
    return open_now(by, kind="topic", settings={"hashtag": "reading"})


def say(topic: Activity, key: str, said: str) -> int:
    member = factories.member(topic.community, key, name=key.title())
    at = datetime.now(UTC) - timedelta(minutes=5)
    assert running.join(topic, member.pk, at, said=said, key=said[:20]).accepted
    return TopicReply.objects.latest("pk").pk


def page(client: Client, topic: Activity, **query: str) -> str:
    url = reverse("topics:detail", args=[topic.pk])
    return client.get(url, query).content.decode()


def test_staff_hide_a_reply_with_a_reason_and_show_it_again(
    client: Client, topic: Activity
) -> None:
    pk = say(topic, "bob", "<b>Grass</b>")
    assert "&lt;b&gt;Grass&lt;/b&gt;" in page(client, topic)
    hide = reverse("topics:hide", args=[topic.pk, pk])
    refused = client.post(hide, {"reason": " "}, follow=True).content.decode()
    assert "Write why it is hidden" in refused
    hidden = client.post(hide, {"reason": "Off topic"}, follow=True).content.decode()
    assert "Members do not see the reply" in hidden
    assert "Off topic" in page(client, topic, state="hidden")
    assert "Grass" not in page(client, topic, state="shown")
    client.post(reverse("topics:show", args=[topic.pk, pk]))
    assert TopicReply.objects.get().state == ReplyState.SHOWN
    assert "Grass" in page(client, topic, state="shown")


def test_staff_with_a_scope_find_no_hidden_member(
    by: Staff, client: Client, topic: Activity
) -> None:
    pk = say(topic, "bob", "Grass")
    ann = say(topic, "ann", "Rain")
    row = TopicReply.objects.get(pk=ann)
    factories.group(by.community, "south", row.account_id)
    scope = {"group": {"any": ["south"]}}
    cat = factories.staff(
        by.community, "operator", "cat", groups=["south"], scope=scope
    )
    other = browser(cat)
    shown = page(other, topic)
    assert "Rain" in shown and "Grass" not in shown
    for name in ("topics:hide", "topics:show"):
        url = reverse(name, args=[topic.pk, pk])
        assert other.post(url, {"reason": "x"}).status_code == 404
    assert TopicReply.objects.get(pk=pk).state == ReplyState.SHOWN


def test_no_cell_of_the_file_is_a_formula(client: Client, topic: Activity) -> None:
    say(topic, "bob", '=HYPERLINK("http://x","y")')
    answer = client.get(reverse("topics:file", args=[topic.pk]))
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert lines[1][0] == "Bob"
    assert lines[1][1].startswith("'=HYPERLINK")
    facts = factories.recorded_facts(topic.community, "member.exported")
    assert len(facts) == 1


def test_the_list_has_the_hot_ones_first_and_counts_held_replies(
    by: Staff, client: Client, topic: Activity
) -> None:
    other = open_now(by, kind="topic", name="Tea", settings={"hashtag": "tea"})
    pk = say(topic, "bob", "Grass")
    text = client.get(reverse("topics:list")).content.decode()
    assert text.index(topic.name) < text.index(other.name)
    assert "held" not in text
    TopicReply.objects.filter(pk=pk).update(state=ReplyState.HELD)
    text = client.get(reverse("topics:list"), {"days": "1"}).content.decode()
    assert "1 held" in text
    assert client.get(reverse("topics:list"), {"days": "x"}).status_code == 200


def test_another_kind_has_no_such_page(by: Staff, client: Client) -> None:
    other = open_now(by)
    for name in ("topics:detail", "topics:file"):
        assert client.get(reverse(name, args=[other.pk])).status_code == 404


def test_an_idea_becomes_a_topic_in_one_step(by: Staff, client: Client) -> None:
    idea = ideas.create(
        community=by.community,
        title="热美式，还是冰美式？",
        note="说说理由",
        by=by,
        at=AT,
    )
    detail = client.get(reverse("ideas:detail", args=[idea.pk])).content.decode()
    assert "Start a topic" in detail
    answer = client.post(reverse("topics:start", args=[idea.pk]))
    made = Activity.objects.get()
    assert answer["Location"] == reverse("activities:update", args=[made.pk])
    assert (made.kind, made.state) == ("topic", State.DRAFT)
    assert (made.name, made.text) == ("热美式，还是冰美式？", "说说理由")
    assert made.settings["hashtag"] == "热美式还是冰美式"
    idea.refresh_from_db()
    assert idea.state == IdeaState.USED
    archive.archive(idea=idea, by=by, at=AT)
    assert (
        "Restore it first"
        in client.post(
            reverse("topics:start", args=[idea.pk]), follow=True
        ).content.decode()
    )
    assert Activity.objects.count() == 1


def test_programs_list_hide_and_show_replies(topic: Activity) -> None:
    pk = say(topic, "bob", "Grass")
    api = create_client(topic.community)
    root = f"/activities/{topic.pk}/topic-replies"
    (row,) = api.get(root).body["items"]
    assert (row["id"], row["text"], row["state"]) == (pk, "Grass", "shown")
    hidden = api.post(f"{root}/{pk}/hide", {"reason": "Off topic"}).body
    assert (hidden["state"], hidden["reason"]) == ("hidden", "Off topic")
    assert api.post(f"{root}/{pk}/hide", {"reason": "Again"}).status == 409
    assert api.get(f"{root}?state=shown").body["items"] == []
    assert api.get("/topics/hot").body["items"] == []
    assert api.post(f"{root}/{pk}/show?version=older", {}).status == 409
    show = f"{root}/{pk}/show?version={row['version']}"
    assert api.post(show, {}).body["state"] == "shown"
    (hot,) = api.get("/topics/hot?days=30").body["items"]
    assert (hot["activity_id"], hot["people"]) == (topic.pk, 1)
    assert hot["hashtag"] == "#reading#"
    assert "1, 7, 30" in api.get("/topics/hot?days=2").body["detail"]
    assert api.get(f"/activities/{topic.pk + 1}/topic-replies").status == 404
