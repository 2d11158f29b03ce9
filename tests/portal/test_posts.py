"""The page of posts: forms alone write with pictures, consent, edit, withdraw and delete."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from qunce.activities.activities.models import Activity
from qunce.activities.posts import consents, decisions, rewards
from qunce.activities.posts.models import Post, PostPicture, PostState, Use
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities import running
from tests.activities.posts import builders
from tests.factories import AT
from tests.portal.phones import Phone
from tests.portal.phones import activity as purpose_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def open_posts(by: Staff, **settings: object) -> Activity:
    return running.open_now(by, kind="post", name="Spring tea", settings=settings)


def phone_of(by: Staff, key: str, activity: Activity, name: str = "") -> Phone:
    account = factories.member(by.community, key, name=name or key.title()).pk
    phone = Phone(by.community)
    phone.bind(account, purpose_of(activity.public_id))
    return phone


def upload(content: bytes, name: str = "a.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/jpeg")


def write(phone: Phone, activity: Activity, text: str = "Lovely", **fields: Any) -> str:
    phone.open(f"a/{activity.public_id}")
    return phone.press("/posts/write", **{"text": text, **fields})


def images_of(page: str) -> list[str]:
    return re.findall(r'src="(/p/[^"]+\.jpg)"', page)


def test_a_post_with_pictures_is_read_by_others_once_accepted(by: Staff) -> None:
    activity = open_posts(by, asks_review=True)
    bob = phone_of(by, "bob", activity, "Bobby Tables")
    page = write(
        bob,
        activity,
        "<img onerror=x> &amp; 𠮷",
        product="=HYPERLINK(1)",
        rating="5",
        uses=["feature"],
        pictures=[upload(builders.picture()), upload(builders.picture("red"), "b.png")],
    )
    assert "Our staff read your post before others do" in page
    post = Post.objects.get()
    address = f"a/{activity.public_id}/posts/{post.code}"
    own = bob.open(address)
    assert "&lt;img onerror=x&gt;" in own and "<img onerror" not in own
    (first, second) = images_of(own)
    cy = phone_of(by, "cy", activity)
    for phone in (cy, Phone(by.community)):
        assert phone.client.get(f"/p/{by.community.key}/{address}").status_code == 404
        assert phone.client.get(first).status_code == 404
    answer = bob.client.get(first)
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]
    decisions.accept(post=post, by=by, at=AT)
    shown = cy.open(f"a/{activity.public_id}")
    assert "5 of 5 stars" in shown and "Bobby Tables" not in shown
    assert cy.client.get(second).status_code == 200
    assert "Delete the post" not in cy.open(address)


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04zip", b"<svg onload=x></svg>", b"GIF89a;", b"\xff\xd8\xff"]
)
def test_what_is_no_picture_is_refused_and_the_text_stays(
    by: Staff, content: bytes
) -> None:
    activity = open_posts(by)
    bob = phone_of(by, "bob", activity)
    page = write(bob, activity, "My long text", pictures=[upload(content)])
    assert "Picture 1: It cannot be read as a picture" in page
    assert ">My long text</textarea>" in page
    assert not Post.objects.exists() and not PostPicture.objects.exists()


def test_more_than_nine_are_refused(by: Staff) -> None:
    activity = open_posts(by)
    bob = phone_of(by, "bob", activity)
    page = write(
        bob, activity, pictures=[upload(builders.picture()) for _n in range(10)]
    )
    assert "at most 9 pictures; these are 10" in page
    assert not Post.objects.exists()


def test_without_a_link_nothing_is_written(by: Staff) -> None:
    activity = open_posts(by)
    stranger = Phone(by.community)
    assert "/posts/write" not in stranger.open(f"a/{activity.public_id}")
    answer = stranger.client.post(
        f"/p/{by.community.key}/a/{activity.public_id}/posts/write", {"text": "Hi"}
    )
    assert answer.status_code == 403
    assert not Post.objects.exists()


def test_the_author_edits_consents_withdraws_and_deletes(by: Staff) -> None:
    activity = open_posts(by, points=20)
    bob = phone_of(by, "bob", activity)
    write(bob, activity, pictures=[upload(builders.picture())])
    post = Post.objects.get()
    address = f"a/{activity.public_id}/posts/{post.code}"
    bob.open(address)
    bob.press("/edit", text="Even better", kept=[])
    post.refresh_from_db()
    assert post.text == "Even better" and not post.pictures.exists()
    bob.open(address)
    bob.press("/uses", uses=["feature", "material"])
    assert consents.list_active(post) == [Use.FEATURE, Use.MATERIAL]
    decisions.accept(post=post, by=by, at=AT)
    decisions.feature(post=post, by=by, at=AT)
    rewards.reward(post=post, by=by, at=AT)
    page = Phone(by.community).open("best-posts?q=better")
    assert "Even better" in page and "Received a reward" in page
    page = bob.open(address)
    assert "/edit" not in page and "You got 20 points" in page
    bob.press("/uses", uses=[])
    assert "Even better" not in Phone(by.community).open("best-posts")
    bob.open(address)
    bob.press("/delete", sure="yes")
    post.refresh_from_db()
    assert (post.state, post.text) == (PostState.DELETED, "")
    assert post.is_rewarded


def test_the_rejected_author_reads_why(by: Staff) -> None:
    activity = open_posts(by)
    bob = phone_of(by, "bob", activity)
    write(bob, activity)
    decisions.reject(post=Post.objects.get(), reason="Not <b>tea</b>", by=by, at=AT)
    assert "Not &lt;b&gt;tea" in bob.open(f"a/{activity.public_id}")


def test_search_words_are_escaped(by: Staff) -> None:
    page = Phone(by.community).open("best-posts?q=%3Cb%3E%22&page=99999999999")
    assert "&lt;b&gt;&quot;" in page and "<b>&quot;" not in page
    assert "No post has all these words" in page


def test_own_posts_are_on_the_page_of_the_member(by: Staff) -> None:
    activity = open_posts(by)
    account = factories.member(by.community, "bob", name="Bob").pk
    builders.write(activity, account, "On my page", at=activity.starts_at)
    phone = Phone(by.community)
    phone.sign_in(account)
    assert "On my page" in phone.open("me")
