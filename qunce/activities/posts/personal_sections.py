"""The posts of a person, in the export of their data."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.activities.posts.models import (
    Post,
    PostConsent,
    PostDraft,
    PostMaterial,
    PostPicture,
)
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("posts")
def _posts(community: Community, ids: Sequence[int]) -> Records:
    rows = Post.objects.filter(activity__community=community, account_id__in=ids)
    names = (
        "activity__name", "code", "text", "product", "rating", "state", "reason",
        "source", "at", "edited_at", "decided_at", "featured_at", "rewarded_at",
        "points", "reward",
    )  # fmt: skip
    return list(rows.order_by("pk").values(*names))


@person_export.register("post_consents")
def _consents(community: Community, ids: Sequence[int]) -> Records:
    rows = PostConsent.objects.filter(
        post__activity__community=community, post__account_id__in=ids
    )
    return [
        {
            "post": row.post.code,
            "use": row.use,
            "given_at": row.given_at,
            "confirmed_by": "staff" if row.by_id else "member",
            "received_at": row.received_at,
            "withdrawn_at": row.withdrawn_at,
        }
        for row in rows.select_related("post").order_by("pk")
    ]


@person_export.register("post_pictures")
def _pictures(community: Community, ids: Sequence[int]) -> Records:
    """The pictures themselves, as text in base 64."""
    rows = PostPicture.objects.filter(
        post__activity__community=community, post__account_id__in=ids
    )
    return [
        {
            "post": row.post.code if row.post else "",
            "number": row.number,
            "media_type": "image/jpeg",
            "content": base64.b64encode(bytes(row.content)).decode(),
        }
        for row in rows.select_related("post").order_by("post_id", "number")
    ]


@person_export.register("post_drafts")
def _drafts(community: Community, ids: Sequence[int]) -> Records:
    rows = PostDraft.objects.filter(activity__community=community, account_id__in=ids)
    return list(rows.order_by("pk").values("activity__name", "product", "rating", "at"))


@person_export.register("post_materials")
def _materials(community: Community, ids: Sequence[int]) -> Records:
    rows = PostMaterial.objects.filter(
        post__activity__community=community, post__account_id__in=ids
    )
    return list(rows.order_by("pk").values("post__code", "has_name", "at"))
