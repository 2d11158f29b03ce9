"""Materials that are made of posts: with the consent of the author, and only while it holds.

Whether one can be sent is asked of the consents themselves, so that no message is sent
after a withdrawal, also while the reactions wait.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.activities.posts import consents, decisions, reading
from qunce.activities.posts.models import Post, PostMaterial, PostState, Use
from qunce.core import errors, permissions
from qunce.members.personal_links import masked_names
from qunce.outreach.content import files
from qunce.outreach.content.files import MANAGE
from qunce.outreach.content.materials import corrections, library
from qunce.outreach.content.materials.models import ContentType, Material

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact
    from qunce.core.staff.models import Staff


class MaterialAlreadyExists(errors.Refused):
    """A material was made of the post before."""


@transaction.atomic
def make_material(*, post: Post, by: Staff, at: datetime) -> Material:
    """Create a material with the text and the pictures of an accepted post.

    The name of the author is in it if they consent to that, else it is shortened; that a
    post was rewarded is in it. Raises NoConsent or MaterialAlreadyExists.
    """
    permissions.check_may(by, MANAGE)
    decisions.check_may_decide(post, by, at)
    locked = decisions.lock_in(post, (PostState.ACCEPTED,))
    decisions.check_consent(locked, Use.MATERIAL)
    if PostMaterial.objects.filter(post=locked).exists():
        raise MaterialAlreadyExists(_("A material was made of this post already."))
    name, has_name = reading.name_of(locked), consents.has(locked, Use.NAME)
    if not has_name:
        name = masked_names.mask(name)
    with translation.override(locked.activity.community.language):
        text = _text_of(locked, name)
    pictures = list(locked.pictures.order_by("number"))
    material = library.create(
        community=locked.activity.community,
        kind="image" if pictures else "text",
        by=by,
        at=at,
        title=_title_of(locked),
        text=text,
        content_type=ContentType.KOC,
        origin=_("Post in “%(name)s”") % {"name": locked.activity.name},
        files=[
            files.store(
                content=io.BytesIO(bytes(each.content)),
                name=f"post-{each.number}.jpg",
                by=by,
                at=at,
            )
            for each in pictures
        ],
    )
    PostMaterial.objects.create(
        post=locked, material_id=material.pk, has_name=has_name, at=at, by=by
    )
    return material


def _title_of(post: Post) -> str:
    return " ".join((post.product or post.text).split())[:60]


def _text_of(post: Post, name: str) -> str:
    lines = [post.text]
    if post.product:
        lines.insert(0, post.product)
    if name:
        lines.append(f"—— {name}")
    if post.is_rewarded:
        # The mark goes with the post wherever it is shown.
        lines.append(reward_mark())
    return "\n".join(lines)


def reward_mark() -> str:
    return _("(The author received a reward.)")


def find_material(post: Post) -> Material | None:
    rows = PostMaterial.objects.filter(post=post).order_by("pk")
    made = rows.first()
    if made is None:
        return None
    return Material.objects.filter(pk=made.material_id).first()  # unique


def note_reward(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to a reward: a material that was made before carries the mark, too."""
    made = PostMaterial.objects.filter(
        post__in=[fact.payload["post"] for fact in facts], is_cleared=False
    )
    with translation.override(community.language):
        for row in made:
            corrections.add_line(material_id=row.material_id, line=reward_mark())


def clear_deleted(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to a deleted post, and to an erased person: the materials are emptied."""
    rows = PostMaterial.objects.filter(
        post__activity__community=community,
        post__state=PostState.DELETED,
        is_cleared=False,
    )
    for made in rows.select_related("post"):
        corrections.empty(material_id=made.material_id, at=at)
        PostMaterial.objects.filter(pk=made.pk).update(is_cleared=True)
