"""Races of posts: one form sent often, a reward taken often, a consent withdrawn meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from qunce import post_materials
from qunce.activities.points.models import PointEntry
from qunce.activities.posts import consents, decisions, posts, rewards
from qunce.activities.posts.models import (
    Post,
    PostConsent,
    PostDraft,
    PostMaterial,
    PostPicture,
    PostRewardCount,
)
from qunce.core import errors
from qunce.core.staff.models import Staff
from qunce.outreach.content.materials import checks
from qunce.outreach.content.materials.models import Material
from tests import factories, threads
from tests.activities.posts import builders
from tests.factories import AT

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]
Task = Callable[[], Any]


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def members(by: Staff, count: int) -> list[int]:
    return factories.members(by.community, *(f"m{n}" for n in range(count)))


def politely(verb: Callable[..., Any], **fields: Any) -> Task:
    """A task that may be refused with a sentence, and raises nothing else."""

    def work() -> Any:
        try:
            return verb(**fields)
        except errors.QunceError:
            return None

    return work


def fresh(post: Post) -> Post:
    return Post.objects.select_related("activity__community").get(pk=post.pk)


def test_one_form_that_is_sent_often_is_one_post(by: Staff) -> None:
    activity = builders.open_posts(by)
    (bob,) = members(by, 1)
    content = builders.picture()
    threads.run(*[partial(builders.send, activity, bob, contents=[content])] * 8)
    assert (Post.objects.count(), PostPicture.objects.count()) == (1, 1)
    assert not PostDraft.objects.exists()


def test_forms_at_the_same_time_are_no_more_than_may_be_written(by: Staff) -> None:
    activity = builders.open_posts(by, most_posts=2)
    (bob,) = members(by, 1)
    tasks: list[Task] = [
        partial(builders.send, activity, bob, f"Text {n}", key=str(n)) for n in range(8)
    ]
    threads.run(*tasks)
    assert Post.objects.count() == 2


def test_rewards_are_as_many_as_announced_and_each_is_given_once(by: Staff) -> None:
    activity = builders.open_posts(by, points=5, most_rewards=3)
    written = [
        decisions.accept(post=builders.write(activity, pk), by=by, at=AT)
        for pk in members(by, 6)
    ]
    tasks: list[Task] = [
        politely(rewards.reward, post=post, by=by, at=AT) for post in written * 2
    ]
    threads.run(*tasks)
    assert PostRewardCount.objects.get().given == 3
    assert Post.objects.filter(rewarded_at__isnull=False).count() == 3
    assert sum(PointEntry.objects.values_list("amount", flat=True)) == 15


def test_a_consent_that_is_withdrawn_meanwhile_leaves_nothing_in_use(
    by: Staff,
) -> None:
    activity = builders.open_posts(by, points=5, most_rewards=None)
    for account in members(by, 6):
        post = builders.write(activity, account, uses=["feature", "material"])
        post = decisions.accept(post=post, by=by, at=AT)
        threads.run(
            politely(decisions.feature, post=fresh(post), by=by, at=AT),
            politely(post_materials.make_material, post=fresh(post), by=by, at=AT),
            politely(consents.choose, post=fresh(post), uses=[], at=AT),
            politely(rewards.reward, post=fresh(post), by=by, at=AT),
        )
    assert not Post.objects.filter(featured_at__isnull=False).exists()
    assert not PostConsent.objects.filter(withdrawn_at__isnull=True).exists()
    for made in PostMaterial.objects.all():
        material = Material.objects.get(pk=made.material_id)
        assert checks.why_not_sendable(material, AT)


def test_a_post_that_is_deleted_while_it_is_decided_keeps_no_word(by: Staff) -> None:
    activity = builders.open_posts(by, points=5)
    for account in members(by, 6):
        post = builders.write(activity, account, contents=[builders.picture()])
        form = posts.Form()
        threads.run(
            politely(decisions.accept, post=fresh(post), by=by, at=AT),
            politely(posts.delete, post=fresh(post), at=AT),
            politely(
                posts.edit, post=fresh(post), text="New", form=form, kept=(), at=AT
            ),
        )
    assert set(Post.objects.values_list("state", "text")) == {("deleted", "")}
    assert not PostPicture.objects.exists()
