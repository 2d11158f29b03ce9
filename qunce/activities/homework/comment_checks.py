"""The checks of moderation on what members write about each other's homework."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from qunce.activities.activities.models import Activity
from qunce.core import errors, text_validation
from qunce.groups.moderation.judgements import page_texts


class InvalidComment(errors.Invalid):
    """A comment is empty, too long, or breaks a rule of the community."""


def clean(text: str, *, most: int, least: int = 1) -> str:
    """The text as it is stored; raises InvalidComment with what to change."""
    cleaned = text.replace("\r\n", "\n").strip()
    if not text_validation.is_valid(cleaned):
        raise InvalidComment(_("This contains characters that cannot be stored."))
    if len(cleaned) < least:
        if not cleaned:
            raise InvalidComment(_("Write a comment."))
        raise InvalidComment(
            _("Write a comment of at least %(least)s characters.") % {"least": least}
        )
    if len(cleaned) > most:
        raise InvalidComment(
            _("A comment can have at most %(most)s characters; this one has %(n)s.")
            % {"most": f"{most:,}", "n": f"{len(cleaned):,}"}
        )
    return cleaned


def check(text: str, *, activity: Activity, at: datetime) -> None:
    """Raise InvalidComment if a rule of moderation that is in force finds something."""
    found = page_texts.find_hit(
        community=activity.community,
        text=text,
        groups=list(activity.groups.values_list("key", flat=True)),
        at=at,
    )
    if found is not None:
        raise InvalidComment(
            _("The rules of the community do not allow this text. Change it.")
        )
