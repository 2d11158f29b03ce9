"""Posts from a chat by hashtag, and what is left of somebody who was erased."""

from __future__ import annotations

import pytest

from qunce import post_materials
from qunce.activities import chat
from qunce.activities.activities import kind_contract, lifecycle
from qunce.activities.activities.models import State
from qunce.activities.kinds import base, post
from qunce.activities.posts import consents, decisions
from qunce.activities.posts.models import Post, PostPicture, PostState
from qunce.core.staff.models import Staff
from qunce.groups import chat_readers
from qunce.groups.chat_readers import ChangedMessage, ChatMessage
from qunce.members.accounts.models import Account
from qunce.members.people import people, person_export
from qunce.outreach.content.files import StoredFile
from qunce.outreach.content.materials.models import MaterialVersion
from tests import factories
from tests.activities import running
from tests.activities.points import builders as points
from tests.activities.posts import builders
from tests.factories import AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def say(by: Staff, account: int, group: int | None, text: str) -> bool:
    message = ChatMessage(
        community=by.community,
        account=account,
        group=group,
        text=text,
        key=f"event:{text[:40]}",
        happened_at=AT,
    )
    return chat.read(message, at=AT)


def test_a_message_with_the_hashtag_waits_without_consents(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    group = factories.group(by.community, "north", bob).pk
    builders.open_posts(by, hashtag="mycup")
    assert not say(by, bob, group, "Nice weather #other# today")
    assert say(by, bob, group, "Lovely oolong #MyCup# again")
    row = Post.objects.get()
    assert (row.text, row.state) == ("Lovely oolong again", PostState.WAITING)
    assert (row.group_id, consents.list_active(row)) == (group, [])


def change(by: Staff, key: str, text: str | None) -> None:
    message = ChangedMessage(community=by.community, key=key, text=text)
    chat_readers.change(message, at=AT)


def test_a_post_that_waits_follows_its_message(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    group = factories.group(by.community, "north", bob).pk
    builders.open_posts(by, hashtag="mycup")
    assert say(by, bob, group, "Lovely oolong #mycup#")
    key = Post.objects.get().message_key
    change(by, key, "Lovely green tea #mycup#")
    assert Post.objects.get().text == "Lovely green tea"
    change(by, key, "x" * 5_000 + "#mycup#")
    assert Post.objects.get().text == "Lovely green tea"
    decisions.accept(post=Post.objects.get(), by=by, at=AT)
    change(by, key, "Buy my shoes #mycup#")
    assert Post.objects.get().text == "Lovely green tea"
    change(by, key, None)
    row = Post.objects.get()
    assert (row.state, row.text, row.message_key) == (PostState.DELETED, "", "")
    change(by, key, "Again #mycup#")
    assert Post.objects.get().text == ""


def test_a_message_without_its_hashtag_is_no_post_any_more(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    group = factories.group(by.community, "north", bob).pk
    builders.open_posts(by, hashtag="mycup")
    assert say(by, bob, group, "Lovely oolong #mycup#")
    change(by, Post.objects.get().message_key, "Never mind")
    assert Post.objects.get().state == PostState.DELETED


def test_a_hashtag_belongs_to_one_open_activity(by: Staff) -> None:
    builders.open_posts(by, hashtag="mycup")
    other = running.draft(by, "post", settings={"hashtag": "#MYCUP#"})
    with pytest.raises(kind_contract.InvalidSetting, match="belongs to"):
        running.publish(other, by)


def test_it_is_settled_once_no_post_waits(by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    activity = builders.open_posts(by)
    row = builders.write(activity, bob)
    lifecycle.close(activity=activity, by=by, at=AT)
    kind = base.get(activity.kind)
    with pytest.raises(post.NotSettled, match="1 post waits"):
        kind.check_settleable(activity, AT)
    decisions.reject(post=row, reason="Late", by=by, at=AT)
    kind.check_settleable(activity, AT)
    activity.refresh_from_db()
    assert activity.state == State.CLOSED


def test_nothing_of_an_erased_author_is_left_but_the_count(by: Staff) -> None:
    bob = factories.member(by.community, "bob", name="Bobby Tables").pk
    activity = builders.open_posts(by)
    uses = ["material", "name"]
    row = builders.write(
        activity, bob, "My secret recipe", uses=uses, contents=[builders.picture()]
    )
    row = decisions.accept(post=row, by=by, at=AT)
    post_materials.make_material(post=row, by=by, at=AT)
    exported = person_export._sections
    assert exported["posts"](by.community, [bob])[0]["text"] == "My secret recipe"
    assert len(exported["post_consents"](by.community, [bob])) == 2
    assert exported["post_pictures"](by.community, [bob])[0]["content"]
    people.erase(account=Account.objects.get(pk=bob), by=by, at=AT)
    points.react(AT)
    assert Post.objects.get().state == PostState.DELETED
    assert not PostPicture.objects.exists() and not StoredFile.objects.exists()
    texts = [*Post.objects.values_list("text", flat=True)]
    texts += MaterialVersion.objects.values_list("text", flat=True)
    texts += MaterialVersion.objects.values_list("title", flat=True)
    assert not any("secret" in each or "Bobby" in each for each in texts)
