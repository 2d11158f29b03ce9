"""Activities for posts, and posts in a state, built through the verbs."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from PIL import Image

from qunce.activities.activities.models import Activity, Way
from qunce.activities.kinds import base
from qunce.activities.kinds.base import Reply
from qunce.activities.posts import pictures, posts
from qunce.activities.posts.models import Post
from qunce.core.staff.models import Staff
from tests.activities import running
from tests.factories import AT


def open_posts(by: Staff, **settings: Any) -> Activity:
    return running.running(by, "post", settings=settings)


def picture(
    color: str = "green", size: tuple[int, int] = (64, 48), form: str = "JPEG"
) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, form)
    return out.getvalue()


def send(
    activity: Activity,
    account: int,
    text: str = "The new oolong is lovely",
    *,
    key: str = "k",
    uses: Sequence[str] = (),
    contents: Sequence[bytes] = (),
    at: datetime = AT,
    **fields: Any,
) -> Reply:
    """Send the form of the page; returns the reply."""
    form = posts.Form(uses=uses, pictures=pictures.encode_all(contents), **fields)
    draft = posts.save_draft(
        activity=activity, account_id=account, key=key, form=form, at=at
    )
    try:
        return base.take_part(
            activity=activity,
            account_id=account,
            way=Way.PORTAL,
            said=text,
            key=key,
            at=at,
        )
    finally:
        posts.discard(draft)


def write(activity: Activity, account: int, text: str = "Good", **fields: Any) -> Post:
    """A post that waits for staff."""
    assert send(activity, account, text, **fields).accepted
    return Post.objects.filter(activity=activity).latest("pk")
