"""Posts: written with consents and pictures, decided, featured, rewarded, deleted."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
import segno

from qunce import post_materials
from qunce.activities.activities.models import Activity, Entry
from qunce.activities.posts import consents, decisions, posts, reading, rewards, terms
from qunce.activities.posts.models import (
    Post,
    PostConsent,
    PostDraft,
    PostPicture,
    PostState,
    Use,
)
from qunce.core.staff.models import Staff
from qunce.groups.moderation.models import Mode
from qunce.groups.moderation.rules import rules
from qunce.outreach.content.files import StoredFile
from qunce.outreach.content.materials import checks
from qunce.outreach.content.materials.models import (
    MaterialNotSendable,
    MaterialVersion,
)
from tests import factories
from tests.activities.points import builders as points
from tests.activities.posts import builders
from tests.factories import AT
from tests.groups.moderation.conftest import word_check

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(hours=1)


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


@pytest.fixture
def bob(by: Staff) -> int:
    (pk,) = factories.members(by.community, "bob")
    return pk


def accepted(activity: Activity, account: int, by: Staff, **fields: Any) -> Post:
    post = builders.write(activity, account, **fields)
    return decisions.accept(post=post, by=by, at=AT)


def test_a_post_comes_with_its_pictures_and_each_consent(by: Staff, bob: int) -> None:
    activity = builders.open_posts(by)
    post = builders.write(
        activity,
        bob,
        "Lovely oolong",
        product="Spring oolong",
        rating="5",
        uses=["feature", "name"],
        contents=[builders.picture(), builders.picture("red")],
    )
    assert (post.state, post.rating, post.product) == ("waiting", 5, "Spring oolong")
    assert [each.number for each in post.pictures.order_by("number")] == [1, 2]
    assert consents.list_active(post) == [Use.FEATURE, Use.NAME]
    assert not PostDraft.objects.exists()


def test_nothing_is_consented_to_by_default(by: Staff, bob: int) -> None:
    post = builders.write(builders.open_posts(by), bob)
    assert consents.list_active(post) == []
    assert post.state == PostState.WAITING


def test_the_same_form_twice_is_one_post(by: Staff, bob: int) -> None:
    activity = builders.open_posts(by)
    for _time in range(2):
        assert builders.send(activity, bob, contents=[builders.picture()]).accepted
    assert (Post.objects.count(), PostPicture.objects.count()) == (1, 1)
    assert not PostDraft.objects.exists()


def test_refused_attempts_leave_no_pictures(by: Staff, bob: int) -> None:
    activity = builders.open_posts(by, most_posts=1)
    builders.write(activity, bob)
    reply = builders.send(
        activity, bob, "Another", key="2", contents=[builders.picture()]
    )
    assert not reply.accepted and "1 post" in reply.text
    assert not PostPicture.objects.exists() and not PostDraft.objects.exists()


@pytest.mark.parametrize(
    ("text", "fields", "problem"),
    [
        (" \u200b ", {}, "“Text” is empty"),
        ("x" * 2_001, {}, "at most 2,000 characters"),
        ("Good", {"rating": "6"}, "from 1 to 5"),
        ("Good", {"rating": "-1"}, "from 1 to 5"),
        ("Good", {"rating": "٣"}, "from 1 to 5"),
        ("Good", {"product": "x" * 81}, "at most 80"),
        ("Good", {"uses": ["everything"]}, "Choose uses among"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_field(
    by: Staff, bob: int, text: str, fields: dict[str, Any], problem: str
) -> None:
    activity = builders.open_posts(by)
    try:
        said = builders.send(activity, bob, text, **fields).text
    except terms.InvalidPost as error:
        said = str(error)
    assert problem.replace("“Text” can have ", "") in said
    assert not Post.objects.exists() and not Entry.objects.exists()


def test_accepted_ones_are_read_with_a_masked_name(by: Staff) -> None:
    ann = factories.member(by.community, "ann", name="Annabel").pk
    activity = builders.open_posts(by)
    post = builders.write(activity, ann)
    assert reading.list_accepted(activity, at=AT).rows == ()
    decisions.accept(post=post, by=by, at=AT)
    (row,) = reading.list_accepted(activity, at=AT).rows
    assert row.name != "Annabel" and row.name
    consents.choose(post=post, uses=["name"], at=AT)
    (row,) = reading.list_accepted(activity, at=AT).rows
    assert row.name == "Annabel"


def test_without_review_clean_posts_are_read_immediately(by: Staff, bob: int) -> None:
    activity = builders.open_posts(by, staff_accept=False)
    assert builders.write(activity, bob).state == PostState.ACCEPTED


def test_a_rejected_author_reads_the_reason(by: Staff, bob: int) -> None:
    post = builders.write(builders.open_posts(by), bob)
    with pytest.raises(terms.ReasonMissing):
        decisions.reject(post=post, reason=" ", by=by, at=AT)
    decisions.reject(post=post, reason="Not about tea", by=by, at=AT)
    post.refresh_from_db()
    assert (post.state, post.reason) == ("rejected", "Not about tea")
    with pytest.raises(posts.PostDecided):
        posts.edit(post=post, text="Tea", form=posts.Form(), kept=(), at=AT)


def test_an_author_edits_while_it_waits(by: Staff, bob: int) -> None:
    activity = builders.open_posts(by)
    post = builders.write(
        activity, bob, contents=[builders.picture(), builders.picture("red")]
    )
    first, second = post.pictures.order_by("number")
    posts.edit(
        post=post,
        text="Better",
        form=posts.Form(rating="4"),
        kept=[second.code, "forged"],
        at=LATER,
    )
    post.refresh_from_db()
    assert (post.text, post.rating) == ("Better", 4)
    assert [each.code for each in post.pictures.all()] == [second.code]
    assert not PostPicture.objects.filter(pk=first.pk).exists()


def test_featuring_needs_consent_and_ends_with_it(by: Staff, bob: int) -> None:
    activity = builders.open_posts(by)
    post = accepted(activity, bob, by)
    with pytest.raises(decisions.NoConsent):
        decisions.feature(post=post, by=by, at=AT)
    consents.choose(post=post, uses=["feature"], at=AT)
    decisions.feature(post=post, by=by, at=AT)
    found = reading.search_featured(by.community, accounts=(), at=AT)
    assert [row.post.pk for row in found.rows] == [post.pk]
    consents.choose(post=post, uses=[], at=LATER)
    post.refresh_from_db()
    assert not post.is_featured
    assert reading.search_featured(by.community, accounts=(), at=AT).rows == ()
    (row,) = PostConsent.objects.all()
    assert (row.given_at, row.withdrawn_at) == (AT, LATER)


def test_search_takes_words_as_they_are(by: Staff) -> None:
    activity = builders.open_posts(by)
    texts = ("100% oolong", "100 grams of oolong", "_under_ 茶香四溢")
    for number, account in enumerate(factories.members(by.community, "a", "b", "c")):
        text = texts[number]
        post = accepted(activity, account, by, text=text, uses=["feature"])
        decisions.feature(post=post, by=by, at=AT)

    def find(words: str) -> set[str]:
        page = reading.search_featured(by.community, accounts=(), words=words, at=AT)
        return {row.post.text for row in page.rows}

    assert find("") == set(texts)
    assert find("OOLONG 100") == set(texts[:2])
    assert find("100%") == {texts[0]}
    assert find("_") == {texts[2]}
    assert find("茶香") == {texts[2]}
    assert find("'; DROP TABLE") == set()


def test_posts_for_a_group_are_read_by_those_in_it(by: Staff, bob: int) -> None:
    group = factories.group(by.community, "north", bob)
    activity = builders.open_posts(by)
    post = accepted(activity, bob, by, uses=["feature"])
    decisions.feature(post=post, by=by, at=AT)
    activity.groups.add(group)
    (cy,) = factories.members(by.community, "cy")
    for accounts, count in (((), 0), ((cy,), 0), ((bob,), 1)):
        page = reading.search_featured(by.community, accounts=accounts, at=AT)
        assert len(page.rows) == count


def test_a_reward_is_given_once_and_marks_the_post(by: Staff, bob: int) -> None:
    activity = builders.open_posts(by, points=50)
    post = accepted(activity, bob, by)
    rewards.reward(post=post, by=by, at=AT)
    with pytest.raises(rewards.AlreadyRewarded):
        rewards.reward(post=post, by=by, at=AT)
    with pytest.raises(rewards.AlreadyRewarded):
        rewards.note(post=post, reward="A sample", by=by, at=AT)
    post.refresh_from_db()
    assert post.points == 50
    assert points.usable(bob) == 50
    posts.delete(post=post, at=LATER)
    assert Post.objects.get(pk=post.pk).is_rewarded
    assert points.usable(bob) == 50


def test_no_more_rewards_than_announced(by: Staff) -> None:
    activity = builders.open_posts(by, points=5, most_rewards=1)
    first, second = (
        accepted(activity, account, by)
        for account in factories.members(by.community, "a", "b")
    )
    rewards.reward(post=first, by=by, at=AT)
    assert rewards.count_left(activity) == 0
    with pytest.raises(rewards.NoRewardLeft):
        rewards.reward(post=second, by=by, at=AT)
    second.refresh_from_db()
    assert not second.is_rewarded
    rewards.note(post=second, reward="A free sample", by=by, at=AT)
    assert Post.objects.get(pk=second.pk).is_rewarded


def test_a_material_is_sent_only_while_its_author_consents(by: Staff, bob: int) -> None:
    activity = builders.open_posts(by)
    post = accepted(activity, bob, by, contents=[builders.picture()])
    with pytest.raises(decisions.NoConsent):
        post_materials.make_material(post=post, by=by, at=AT)
    consents.choose(post=post, uses=["material", "name"], at=AT)
    material = post_materials.make_material(post=post, by=by, at=AT)
    assert not checks.why_not_sendable(material, AT)
    consents.choose(post=post, uses=["material"], at=LATER)
    assert "being named" in checks.why_not_sendable(material, LATER)
    consents.choose(post=post, uses=["name"], at=LATER)
    assert "does not consent to this use" in checks.why_not_sendable(material, LATER)
    with pytest.raises(MaterialNotSendable):
        checks.check_sendable(material.version, LATER)
    consents.choose(post=post, uses=["material", "name"], at=LATER)
    assert not checks.why_not_sendable(material, LATER)
    decisions.hide(post=post, reason="Outdated", by=by, at=LATER)
    assert "hidden" in checks.why_not_sendable(material, LATER)


def test_a_deleted_post_leaves_no_word_and_no_picture(by: Staff, bob: int) -> None:
    activity = builders.open_posts(by)
    post = accepted(
        activity,
        bob,
        by,
        text="A secret of mine",
        uses=["material"],
        contents=[builders.picture()],
    )
    material = post_materials.make_material(post=post, by=by, at=AT)
    posts.delete(post=post, at=LATER)
    assert "deleted" in checks.why_not_sendable(material, LATER)
    points.react(LATER)
    assert not PostPicture.objects.exists() and not StoredFile.objects.exists()
    texts = [*Post.objects.values_list("text", flat=True)]
    texts += MaterialVersion.objects.values_list("text", flat=True)
    assert not any("secret" in text for text in texts)
    assert Post.objects.count() == 1


def test_a_reward_is_marked_in_a_material_made_before(by: Staff, bob: int) -> None:
    activity = builders.open_posts(by, points=5)
    post = accepted(activity, bob, by, uses=["material"])
    post_materials.make_material(post=post, by=by, at=AT)
    assert "reward" not in MaterialVersion.objects.get().text
    rewards.reward(post=post, by=by, at=AT)
    points.react(AT)
    assert "(The author received a reward.)" in MaterialVersion.objects.get().text


def test_staff_confirm_consents_that_they_received(by: Staff, bob: int) -> None:
    post = builders.write(builders.open_posts(by), bob)
    with pytest.raises(consents.CannotConsent):
        consents.confirm(post=post, uses=["feature"], received_at=LATER, by=by, at=AT)
    consents.confirm(post=post, uses=["feature"], received_at=AT, by=by, at=LATER)
    (row,) = consents.list_history(post)
    assert (row.by, row.received_at, row.given_at) == (by, AT, LATER)


def qr_code(text: str) -> bytes:
    out = io.BytesIO()
    segno.make(text, micro=False).save(out, kind="png", scale=6)
    return out.getvalue()


@pytest.mark.parametrize(
    ("text", "contents", "is_held"),
    [
        ("Cheap shoes here", (), True),
        ("Scan me", (qr_code("https://spam.example/x"),), True),
        ("Lovely oolong", (builders.picture(),), False),
    ],
)
def test_what_a_rule_finds_waits_with_the_reason(
    by: Staff, bob: int, text: str, contents: tuple[bytes, ...], is_held: bool
) -> None:
    codes = {"check": "codes", "options": {}}
    rule = rules.create(
        community=by.community,
        name="Adverts",
        checks=[word_check("shoes"), codes],
        by=by,
        at=AT,
    )
    rules.set_mode(rule=rule, mode=Mode.PROPOSE, by=by, at=AT)
    activity = builders.open_posts(by, staff_accept=False)
    post = builders.write(activity, bob, text, contents=contents)
    found = "The rule “Adverts” found something." if is_held else ""
    state = PostState.WAITING if is_held else PostState.ACCEPTED
    assert (post.state, post.found) == (state, found)
