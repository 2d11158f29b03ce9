"""What a post may say: its text, the product and the rating of a review."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from qunce.activities.activities.models import MAX_SENTENCE
from qunce.activities.posts.models import (
    MAX_PRODUCT,
    MAX_RATING,
    MAX_TEXT,
    MIN_RATING,
    Use,
)
from qunce.core import errors, text_validation

KIND = "post"


class InvalidPost(errors.Invalid):
    """A field of a post is missing, too long or out of its limits."""


class ReasonMissing(errors.Invalid):
    """A post is rejected or hidden for a reason, which its author reads."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """The text, and what a review is about; `rating` is None without one."""

    text: str
    product: str = ""
    rating: int | None = None


def clean(text: str, *, product: str = "", rating: str | int | None = None) -> Words:
    """The words as they are stored; raises InvalidPost with the field and the remedy."""
    cleaned = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    name = " ".join(product.split())
    for each in (cleaned, name):
        if not text_validation.is_valid(each):
            raise InvalidPost(_("This contains characters that cannot be stored."))
    if not any(map(_is_seen, cleaned)):
        raise InvalidPost(_("“Text” is empty. Write a few words."))
    if len(cleaned) > MAX_TEXT:
        raise InvalidPost(
            _("“Text” can have at most %(most)s characters; these are %(n)s.")
            % {"most": f"{MAX_TEXT:,}", "n": f"{len(cleaned):,}"}
        )
    if len(name) > MAX_PRODUCT:
        raise InvalidPost(
            _("“Product” can have at most %(most)s characters; these are %(n)s.")
            % {"most": MAX_PRODUCT, "n": f"{len(name):,}"}
        )
    return Words(text=cleaned, product=name, rating=_clean_rating(rating))


def _is_seen(sign: str) -> bool:
    return unicodedata.category(sign)[0] not in ("C", "Z")


def _clean_rating(rating: str | int | None) -> int | None:
    if rating is None or rating == "":
        return None
    typed = str(rating).strip()
    if len(typed) == 1 and typed.isascii() and typed.isdigit():
        number = int(typed)
        if MIN_RATING <= number <= MAX_RATING:
            return number
    raise InvalidPost(
        _("“Rating” is a number from %(least)s to %(most)s.")
        % {"least": MIN_RATING, "most": MAX_RATING}
    )


def clean_uses(uses: Iterable[str]) -> tuple[Use, ...]:
    """The uses in the order of Use; raises InvalidPost for an unknown one."""
    chosen = set(uses)
    if chosen - set(Use.values):
        raise InvalidPost(
            _("Choose uses among: %(uses)s.") % {"uses": ", ".join(Use.values)}
        )
    return tuple(use for use in Use if use in chosen)


def clean_reason(reason: str) -> str:
    cleaned = " ".join(reason.split())
    if not cleaned or len(cleaned) > MAX_SENTENCE:
        raise ReasonMissing(
            _("“Reason” is required, in at most %(n)s characters. The author reads it.")
            % {"n": MAX_SENTENCE}
        )
    if not text_validation.is_valid(cleaned):
        raise ReasonMissing(_("This contains characters that cannot be stored."))
    return cleaned
