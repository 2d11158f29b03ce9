"""Messages to authors about what staff decided, in the active language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.activities.posts import post_facts
from qunce.activities.posts.models import Post, PostState

if TYPE_CHECKING:
    from qunce.core.facts.facts import RecordedFact


def text_of(fact: RecordedFact) -> str:
    """The message that follows from a fact, "" if it is not true any more."""
    rows = Post.objects.filter(pk=fact.payload["post"]).select_related("activity")
    post = rows.first()  # unique
    if post is None or post.state == PostState.DELETED:
        return ""
    values = {"name": post.activity.name, "reason": post.reason}
    if fact.kind == post_facts.PostAccepted.kind and post.state == PostState.ACCEPTED:
        return _("“%(name)s”: others can read your post now.") % values
    if fact.kind == post_facts.PostRejected.kind and post.state == PostState.REJECTED:
        return _("“%(name)s”: we do not show your post. %(reason)s") % values
    if fact.kind == post_facts.PostRewarded.kind:
        points = fact.payload["points"]
        if not points:
            return ""
        text = ngettext(
            "“%(name)s”: you get %(n)s point for your post. It is marked as rewarded.",
            "“%(name)s”: you get %(n)s points for your post. It is marked as rewarded.",
            points,
        )
        return text % (values | {"n": f"{points:,}"})
    return ""
