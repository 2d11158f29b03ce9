"""Persona cards: what staff write about the typical member of a segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import errors, names, permissions, text_validation
from qunce.core.facts import facts
from qunce.insight.portraits.models import (
    MAX_NAME,
    MAX_SENTENCE,
    MAX_TEXT,
    PersonaCard,
)
from qunce.members.segments.segments import Segment

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from qunce.core.staff.models import Staff

EDIT = permissions.declare(
    "persona_cards.edit",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("write persona cards"),
)
LENGTHS = {
    "name": MAX_NAME,
    "sentence": MAX_SENTENCE,
    "wants": MAX_TEXT,
    "avoid": MAX_TEXT,
}
LABELS: dict[str, StrOrPromise] = {
    "name": gettext_lazy("Name"),
    "sentence": pgettext_lazy("persona card", "In one sentence"),
    "wants": pgettext_lazy("persona card", "What they want"),
    "avoid": pgettext_lazy("persona card", "What to avoid"),
}


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PersonaCardSaved(facts.FactKind):
    kind = "persona_card.saved"
    label = gettext_lazy("persona card saved")
    labels = {"segment": gettext_lazy("segment")}
    segment: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PersonaCardRemoved(facts.FactKind):
    kind = "persona_card.removed"
    label = gettext_lazy("persona card removed")
    labels = {"segment": gettext_lazy("segment")}
    segment: str


class PersonaCardNotFound(errors.NotFound):
    """The segment has no persona card, or is of another community."""


class InvalidPersonaCard(errors.Invalid):
    """A text of a card is missing, too long, or cannot be stored."""


def check_texts(**texts: str) -> None:
    """Raise InvalidPersonaCard for the first text that cannot be stored."""
    if not texts["name"]:
        raise InvalidPersonaCard(
            _("“%(field)s” is required.") % {"field": LABELS["name"]}
        )
    for field, text in texts.items():
        if len(text) > LENGTHS[field]:
            raise InvalidPersonaCard(
                _("%(field)s can have at most %(most)s characters; it has %(n)s.")
                % {"field": LABELS[field], "most": LENGTHS[field], "n": len(text)}
            )
        if not text_validation.is_valid(text):
            raise InvalidPersonaCard(
                _("%(field)s contains a character that cannot be stored.")
                % {"field": LABELS[field]}
            )


def _check_edit(by: Staff, segment: Segment) -> None:
    permissions.check_may(by, EDIT)
    if segment.community_id != by.community_id:
        raise PersonaCardNotFound(_("There is no such segment."))


@transaction.atomic
def save(
    *,
    segment: Segment,
    name: str,
    by: Staff,
    at: datetime,
    sentence: str = "",
    wants: str = "",
    avoid: str = "",
) -> PersonaCard:
    """Write the card of a segment, in place of the one before; a fact if it differs."""
    _check_edit(by, segment)
    texts = {
        "name": names.clean(name),
        "sentence": names.clean(sentence),
        "wants": _clean_lines(wants),
        "avoid": _clean_lines(avoid),
    }
    check_texts(**texts)
    same = PersonaCard.objects.filter(segment=segment, **texts).order_by("pk").first()
    if same is not None:
        return same
    card, _created = PersonaCard.objects.update_or_create(
        segment=segment,
        defaults={
            "community": segment.community,
            "by": by,
            "changed_at": at,
            **texts,
        },
    )
    fact = PersonaCardSaved(segment=segment.key)
    facts.record(fact, community=segment.community, by=by, at=at)
    return card


def _clean_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


@transaction.atomic
def remove(*, segment: Segment, by: Staff, at: datetime) -> None:
    """Remove the card of a segment. Raises PersonaCardNotFound if it has none."""
    _check_edit(by, segment)
    removed, _tables = PersonaCard.objects.filter(segment=segment).delete()
    if not removed:
        raise PersonaCardNotFound(_("This segment has no persona card."))
    fact = PersonaCardRemoved(segment=segment.key)
    facts.record(fact, community=segment.community, by=by, at=at)


def find(*, segment: Segment, by: Staff) -> PersonaCard | None:
    """The card of a segment; None if nobody has written one."""
    permissions.check_community(by, segment.community_id)
    rows = PersonaCard.objects.filter(segment=segment).select_related("by")
    return rows.order_by("pk").first()
