"""From an idea to its material, and whether a message with that was sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.facts import facts as fact_log
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.outreach.content.materials import library
from qunce.outreach.content.materials.models import Material, MaterialVersion
from qunce.outreach.ideas import ideas
from qunce.outreach.ideas.ideas import IdeaFact
from qunce.outreach.ideas.models import Idea, InvalidIdea, State
from qunce.outreach.sending import message_materials, send_facts
from qunce.outreach.sending.ledger import Message

SENT_KINDS = (
    send_facts.SendMarkedSent.kind,
    send_facts.SendDelivered.kind,
    send_facts.SendClicked.kind,
)
"""The facts after which a message is known to have been sent."""


@fact_log.declare
@dataclass(frozen=True, kw_only=True)
class IdeaMadeMaterial(IdeaFact):
    kind = "idea.made_material"
    label = gettext_lazy("material made of an idea")
    material: int


class MaterialAlreadyExists(errors.Refused):
    """The idea has a material already."""


@transaction.atomic
def make_material(*, idea: Idea, by: Staff, at: datetime) -> Material:
    """Create a link or a text of the idea. Its origin is filled in, its licence is not.

    An idea in the first state becomes a draft.
    """
    ideas.check_may_manage(by, idea)
    locked = Idea.objects.select_for_update(of=("self",)).get(pk=idea.pk)
    if locked.archived_at is not None:
        raise InvalidIdea(_("The idea is archived. Restore it first."))
    if locked.material_id is not None:
        raise MaterialAlreadyExists(
            _("There is a material of this idea already. Open it to change it.")
        )
    material = library.create(
        community=idea.community,
        kind="link" if locked.url else "text",
        by=by,
        at=at,
        title=locked.title,
        text=locked.note or ("" if locked.url else locked.title),
        url=locked.url,
        content_type=locked.content_type,
        tags=locked.tags,
        origin=_origin_of(idea),
    )
    Idea.objects.filter(pk=idea.pk).update(material=material)
    idea.material = material
    fact = IdeaMadeMaterial(idea=idea.pk, name=idea.title, material=material.pk)
    fact_log.record(fact, community=idea.community, by=by, at=at)
    idea.state = locked.state
    if idea.state == State.IDEA:
        ideas.transition(idea, State.DRAFT, by=by, at=at)
    return material


def _origin_of(idea: Idea) -> str:
    """The feed and the host that the link is from, as far as an origin is long."""
    host = urlsplit(idea.url).hostname or ""
    feed = idea.feed.title if idea.feed is not None else ""
    return _(", ").join(filter(None, [feed, host]))[:200]


# The reaction


def react_to_sent(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction: ideas whose material is in a message that was sent are used."""
    waiting = {
        idea.material_id: idea
        for idea in Idea.objects.filter(community=community, material__isnull=False)
        .exclude(state=State.USED)
        .select_related("community")
        .order_by("pk")
    }
    # Nearly always, so that a campaign to a million members costs one small query each.
    if not waiting:
        return
    versions = dict(
        MaterialVersion.objects.filter(material__in=waiting).values_list(
            "pk", "material_id"
        )
    )
    by = staff_models.system(community)
    for message, version in _versions_sent(community, facts):
        idea = waiting.pop(versions.get(version, 0), None)
        if idea is not None:
            ideas.transition(idea, State.USED, by=by, at=at, message=message)


def _versions_sent(
    community: Community, facts: Sequence[RecordedFact]
) -> list[tuple[int, int]]:
    """Message and version of a material, for the messages of these facts."""
    numbers = [_message_of(fact.payload) for fact in facts]
    pks = sorted({pk for pk in numbers if pk})
    found: list[tuple[int, int]] = []
    for start in range(0, len(pks), 500):
        rows = Message.objects.filter(
            community=community, pk__in=pks[start : start + 500], content__isnull=False
        )
        for message in rows.only("pk", "content").order_by("pk"):
            versions = message_materials.version_ids(message)
            found += [(message.pk, version) for version in versions]
    return found


def _message_of(payload: Any) -> int:
    number = payload.get("message") if isinstance(payload, dict) else None
    return number if isinstance(number, int) else 0
