"""Forms about posts that were served before the author changed something."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.activities.activities.models import Activity
from qunce.activities.posts import consents, decisions, pictures, posts
from qunce.activities.posts.models import Post, PostConsent, PostState, Use
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities.posts import builders
from tests.clients import browser
from tests.factories import AT

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
ALL = [Use.FEATURE.value, Use.MATERIAL.value]


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


@pytest.fixture
def post(by: Staff) -> Post:
    (bob,) = factories.members(by.community, "bob")
    return builders.write(builders.open_posts(by), bob, "Lovely oolong")


def edit(post: Post, text: str = "Buy my pills") -> None:
    posts.edit(post=post, text=text, form=posts.Form(), kept=(), at=AT + HOUR)


def test_a_post_edited_since_it_was_read_is_not_accepted(by: Staff, post: Post) -> None:
    read = decisions.version_of(post)
    edit(post)
    with pytest.raises(decisions.PostEdited, match="Read it again first"):
        decisions.accept(post=post, by=by, at=AT, version=read)
    post.refresh_from_db()
    assert post.state == PostState.WAITING
    decisions.accept(post=post, by=by, at=AT, version=decisions.version_of(post))


def test_other_pictures_make_another_version(by: Staff, post: Post) -> None:
    before = decisions.version_of(post)
    form = posts.Form(pictures=pictures.encode_all([builders.picture()]))
    posts.edit(post=post, text=post.text, form=form, kept=(), at=AT)
    assert decisions.version_of(post) != before


@pytest.mark.parametrize("page", ["list", "detail"])
def test_the_forms_of_the_console_name_what_was_read(
    by: Staff, post: Post, page: str
) -> None:
    client, activity = browser(by), post.activity
    address = f"/activities/posts/{activity.pk}/"
    shown = client.get(address if page == "list" else f"{address}{post.pk}/")
    version = decisions.version_of(post)
    assert f'name="version" value="{version}"' in shown.content.decode()
    edit(post)
    url = f"{address}{post.pk}/accept/"
    answer = client.post(url, {"version": version}, follow=True).content.decode()
    assert "The author has edited the post. Read it again first." in answer
    assert Post.objects.get().state == PostState.WAITING
    client.post(url, {"version": decisions.version_of(Post.objects.get())})
    assert Post.objects.get().state == PostState.ACCEPTED


def test_what_was_withdrawn_since_is_not_confirmed(by: Staff, post: Post) -> None:
    consents.choose(post=post, uses=ALL, at=AT + HOUR)
    consents.choose(post=post, uses=[], at=AT + 2 * HOUR)
    for received in (AT, AT + 2 * HOUR):
        with pytest.raises(consents.CannotConsent, match="has withdrawn “Use it in"):
            consents.confirm(
                post=post,
                uses=["material"],
                received_at=received,
                by=by,
                at=AT + 3 * HOUR,
            )
    assert consents.list_active(post) == []
    again = AT + 3 * HOUR
    consents.confirm(post=post, uses=ALL, received_at=again, by=by, at=again)
    assert [use.value for use in consents.list_active(post)] == ALL


@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "1800-01-01T00:00", "x"])
def test_a_time_that_cannot_be_is_no_error_of_the_server(
    by: Staff, post: Post, moment: str
) -> None:
    client, activity = browser(by), post.activity
    url = f"/activities/posts/{activity.pk}/{post.pk}/"
    given = {"uses": ["feature"], "received_at": moment}
    assert client.post(f"{url}confirm/", given, follow=True).status_code == 200
    assert client.get(url).status_code == 200
    fields = {"member": "bob", "text": "Another", **given}
    assert client.post(_add(activity), fields).status_code == 422
    assert not PostConsent.objects.exists()


def _add(activity: Activity) -> str:
    return f"/activities/posts/{activity.pk}/add/"
