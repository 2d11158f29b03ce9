"""The page of homework: forms alone hand in, review others and write to staff."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import F

from qunce.activities.activities.models import Activity
from qunce.activities.homework import results, reviews
from qunce.activities.homework.models import (
    Comment,
    Homework,
    PeerReview,
    ReviewState,
    Submission,
)
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities import running
from tests.activities.homework import builders
from tests.clients import browser
from tests.portal.phones import Phone
from tests.portal.phones import activity as purpose_of

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


@pytest.fixture
def homework(by: Staff) -> Activity:
    """Homework that is due in a day."""
    due = datetime.now(UTC) + 24 * HOUR
    return running.open_now(
        by,
        kind="homework",
        name="Describe your tea",
        ends_at=due + 200 * HOUR,
        settings=builders.settings(due),
    )


def phone_of(by: Staff, key: str, homework: Activity) -> Phone:
    account = factories.member(by.community, key, name=f"Hidden {key}").pk
    phone = Phone(by.community)
    phone.bind(account, purpose_of(homework.public_id))
    phone.open(f"a/{homework.public_id}")
    return phone


def let_it_be_due(homework: Activity) -> None:
    """The due time is an hour ago, and the reviewers are chosen."""
    now = datetime.now(UTC)
    Homework.objects.filter(activity=homework).update(due_at=now - HOUR)
    Submission.objects.filter(activity=homework).update(is_late=False, at=F("at"))
    reviews.plan_due(at=now)


def test_a_visitor_reads_the_task_and_hands_nothing_in(
    by: Staff, homework: Activity
) -> None:
    page = Phone(by.community).open(f"a/{homework.public_id}")
    assert "Hand it in until 2" in page and "Criterion: Is it true?" in page
    assert "/homework" not in page
    assert "To take part, open your personal link" in page


def test_a_member_hands_in_and_replaces_it(by: Staff, homework: Activity) -> None:
    ann = phone_of(by, "ann", homework)
    page = ann.press("/homework", text="<b>Grass</b>\nand rain", link="ftp://x")
    assert "has to be an address that starts with https" in page
    assert "&lt;b&gt;Grass&lt;/b&gt;\nand rain</textarea>" in page
    assert 'value="ftp://x"' in page
    assert not Submission.objects.exists()
    page = ann.press("/homework", text="<b>Grass</b>", link="https://example.org/a")
    assert "is handed in on time" in page and "<b>Grass" not in page
    assert "Replace what you handed in" in page
    page = ann.press("/homework", text="Rain", link="")
    assert "is replaced" in page
    row = Submission.objects.get()
    assert (row.text, row.link, row.version) == ("Rain", "", 2)


def test_line_breaks_of_forms_do_not_make_a_text_too_long(
    by: Staff, homework: Activity
) -> None:
    ann = phone_of(by, "ann", homework)
    text = "\r\n".join(["abcd"] * 800)
    ann.press("/homework", text=text)
    assert Submission.objects.get().text == text.replace("\r\n", "\n")


def test_a_review_given_to_somebody_else_shows_no_homework(
    by: Staff, homework: Activity
) -> None:
    phones = {key: phone_of(by, key, homework) for key in ("ann", "bob", "cy")}
    for key, phone in phones.items():
        phone.press("/homework", text=f"Secret of {key}")
    let_it_be_due(homework)
    rows = PeerReview.objects.filter(submission__text="Secret of bob")
    read = []
    for phone in phones.values():
        for row in rows:
            page = phone.open(f"a/{homework.public_id}/reviews/{row.code}")
            read.append("Secret of bob" in page)
    assert sum(read) == 2
    rows.update(state=ReviewState.WITHDRAWN)
    for phone in phones.values():
        for row in rows:
            page = phone.open(f"a/{homework.public_id}/reviews/{row.code}")
            assert "Secret of bob" not in page
            if phone.status == 200:
                assert "This review was given to somebody else." in page


def test_members_review_each_other_without_names(by: Staff, homework: Activity) -> None:
    phones = {key: phone_of(by, key, homework) for key in ("ann", "bob", "cy")}
    for key, phone in phones.items():
        phone.press("/homework", text=f"The tea of a cup {key[0]}", link="")
    let_it_be_due(homework)
    ann = phones["ann"]
    page = ann.open(f"a/{homework.public_id}")
    assert "The homework of 2 other members waits for your review" in page
    assert "/homework</" not in page and "Replace what" not in page
    first = Submission.objects.order_by("pk")[0]
    row = PeerReview.objects.filter(account_id=first.account_id)[0]
    page = ann.open(f"a/{homework.public_id}/reviews/{row.code}")
    assert row.submission.text in page and "Is it true?" in page
    assert "Hidden" not in page
    page = ann.press("/write", score="", comment="Nice and clear")
    assert "Give a score from 1 to 10." in page and "Nice and clear" in page
    page = ann.press("/write", score="8", comment="<i>Nice</i> and clear")
    assert "reviewed: 8" in page
    row.refresh_from_db()
    assert (row.state, row.score) == (ReviewState.DONE, 8)
    page = ann.open(f"a/{homework.public_id}/reviews/{row.code}")
    assert "&lt;i&gt;Nice" in page and "Change the review" in page
    # Nobody else reaches it, nor a review that there is not.
    for phone in (phones["bob"], phones["cy"], Phone(by.community)):
        phone.open(f"a/{homework.public_id}/reviews/{row.code}")
        assert phone.status in (403, 404)
    ann.open(f"a/{homework.public_id}/reviews/23456789ab")
    assert ann.status == 404


def test_the_result_is_read_once_it_is_published(by: Staff, homework: Activity) -> None:
    phones = {key: phone_of(by, key, homework) for key in ("ann", "bob", "cy")}
    for phone in phones.values():
        phone.press("/homework", text="Grass", link="https://example.org/a")
    let_it_be_due(homework)
    now = datetime.now(UTC)
    builders.write_all(homework, 7, at=now)
    page = phones["ann"].open(f"a/{homework.public_id}")
    assert "What others wrote about it" not in page
    Homework.objects.filter(activity=homework).update(review_due_at=now - HOUR / 2)
    results.publish(activity=homework, by=by, at=now)
    page = phones["ann"].open(f"a/{homework.public_id}")
    assert "7 of 10: passed." in page
    assert "What others wrote about it" in page and builders.COMMENT in page
    assert 'href="https://example.org/a" rel="nofollow' in page


def test_a_member_and_staff_write_to_each_other(by: Staff, homework: Activity) -> None:
    ann = phone_of(by, "ann", homework)
    assert "/homework/comment" not in ann.page
    ann.press("/homework", text="Grass", link="")
    page = ann.press("/homework/comment", text="Which <b>cup</b>?")
    assert "Which &lt;b&gt;cup" in page
    row = Submission.objects.get()
    staff = browser(by)
    staff.post(
        f"/activities/homework/{homework.pk}/{row.pk}/comment/",
        {"text": "The blue one"},
    )
    assert "The blue one" in ann.open(f"a/{homework.public_id}")
    assert Comment.objects.count() == 2


def test_the_own_page_lists_homework(by: Staff, homework: Activity) -> None:
    account = factories.member(by.community, "ann").pk
    running.join(homework, account, datetime.now(UTC), said="Grass")
    phone = Phone(by.community)
    page = phone.sign_in(account)
    assert "My homework" in page and "Handed in on time" in page
