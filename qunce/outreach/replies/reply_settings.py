"""By when messages to us are answered, who gets them, and what counts as a mention of us."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, names, permissions, text_validation
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.outreach.replies.models import ReplySettings

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.staff.models import Staff

EDIT = permissions.declare(
    "replies.settings",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("set answer times and automatic replies"),
)
MAX_MINUTES, MAX_WORDS, MIN_WORD, MAX_WORD = 30 * 24 * 60, 50, 2, 40


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ReplySettingsChanged(facts.FactKind):
    kind = "replies.settings_changed"
    label = gettext_lazy("rules of the inbox changed")
    instead = gettext_lazy("Change them on the page of the inbox, or through the API.")


class InvalidReplySettings(errors.Invalid):
    """A time or a word cannot be stored."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`assigns_in_turn` is whether members without staff in charge go round all staff."""

    answer_minutes: int = 60
    assigns_in_turn: bool = True
    mention_words: tuple[str, ...] = ()


@transaction.atomic
def change(
    *,
    community: Community,
    by: Staff,
    at: datetime,
    answer_minutes: int | None = None,
    assigns_in_turn: bool | None = None,
    mention_words: Iterable[str] | None = None,
) -> Settings:
    """Change what is given; what is None stays. Conversations keep their due times."""
    permissions.check_may(by, EDIT)
    permissions.check_community(by, community.pk)
    old = get(community)
    minutes = old.answer_minutes if answer_minutes is None else answer_minutes
    if not 1 <= minutes <= MAX_MINUTES:
        raise InvalidReplySettings(
            _("Members are answered within 1 to %(most)s minutes.")
            % {"most": f"{MAX_MINUTES:,}"}
        )
    new = replace(
        old,
        answer_minutes=minutes,
        assigns_in_turn=old.assigns_in_turn
        if assigns_in_turn is None
        else assigns_in_turn,
        mention_words=old.mention_words
        if mention_words is None
        else clean_words(mention_words),
    )
    if new == old:
        return old
    ReplySettings.objects.update_or_create(
        community=community,
        defaults={
            "answer_minutes": new.answer_minutes,
            "assigns_in_turn": new.assigns_in_turn,
            "mention_words": list(new.mention_words),
        },
    )
    facts.record(ReplySettingsChanged(), community=community, by=by, at=at)
    return new


def clean_words(words: Iterable[str]) -> tuple[str, ...]:
    """Return the words by which we are called, each once. Raises InvalidReplySettings."""
    cleaned = dict.fromkeys(names.clean(word).lstrip("@＠") for word in words)
    found = tuple(word for word in cleaned if word)
    for word in found:
        if not MIN_WORD <= len(word) <= MAX_WORD or not text_validation.is_valid(word):
            raise InvalidReplySettings(
                _("“%(word)s”: a name has %(min)s to %(most)s characters.")
                % {"word": word[:80], "min": MIN_WORD, "most": MAX_WORD}
            )
    if len(found) > MAX_WORDS:
        raise InvalidReplySettings(
            _("At most %(most)s names are possible.") % {"most": MAX_WORDS}
        )
    return found


def get(community: Community) -> Settings:
    stored = ReplySettings.objects.filter(community=community).first()
    if stored is None:
        return Settings()
    return Settings(
        answer_minutes=stored.answer_minutes,
        assigns_in_turn=stored.assigns_in_turn,
        mention_words=tuple(stored.mention_words),
    )
