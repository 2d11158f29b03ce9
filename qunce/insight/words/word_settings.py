"""Stop words of a community, and the names of its own and other brands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, names, permissions, value_types
from qunce.core.facts import facts
from qunce.insight.words import tokens
from qunce.insight.words.models import WordSettings
from qunce.members.message_texts.models import MessageDay

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

EDIT = permissions.declare(
    "words.edit",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("edit stop words and the names of brands"),
)
MAX_WORDS, MAX_BRANDS, MAX_WORDS_OF_BRAND = 2_000, 30, 30


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WordSettingsChanged(facts.FactKind):
    kind = "words.settings_changed"
    label = gettext_lazy("stop words or brands changed")
    instead = gettext_lazy("Change them on the page of words, or through the API.")


class InvalidWords(errors.Invalid):
    """A word or a brand cannot be stored."""


@dataclass(frozen=True)
class Brand:
    """A brand and the words by which it is named, normalised."""

    name: str
    words: tuple[str, ...]
    is_own: bool = False

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "words": list(self.words), "is_own": self.is_own}


@dataclass(frozen=True)
class Settings:
    stop_words: tuple[str, ...] = ()
    brands: tuple[Brand, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """All words of all brands."""
        return frozenset(word for brand in self.brands for word in brand.words)


# Checks


def clean_words(words: Iterable[str], limit: int) -> tuple[str, ...]:
    """Return the words normalised, each once; raises InvalidWords."""
    cleaned = dict.fromkeys(tokens.normalise(names.clean(word)) for word in words)
    found = tuple(word for word in cleaned if word)
    for word in found:
        if len(word) > tokens.MAX_LENGTH:
            raise InvalidWords(
                _("“%(word)s” has more than %(n)d characters.")
                % {"word": word[:60], "n": tokens.MAX_LENGTH}
            )
    if len(found) > limit:
        raise InvalidWords(_("Give at most %(n)s words.") % {"n": f"{limit:,}"})
    return found


def clean_brands(brands: Sequence[Brand]) -> tuple[Brand, ...]:
    """Return the brands with normalised words; raises InvalidWords."""
    if len(brands) > MAX_BRANDS:
        raise InvalidWords(_("Give at most %(n)s brands.") % {"n": MAX_BRANDS})
    cleaned: list[Brand] = []
    owners: dict[str, str] = {}
    for brand in brands:
        name = names.clean(brand.name)
        words = clean_words(brand.words or (name,), MAX_WORDS_OF_BRAND)
        if not name or len(name) > 60 or not words:
            raise InvalidWords(_("A brand needs a name of at most 60 characters."))
        for word in words:
            if word in owners:
                raise InvalidWords(
                    _("“%(word)s” is a word of both “%(one)s” and “%(other)s”.")
                    % {"word": word, "one": owners[word], "other": name}
                )
            owners[word] = name
        cleaned.append(Brand(name, words, brand.is_own))
    if sum(brand.is_own for brand in cleaned) > 1:
        raise InvalidWords(_("Only one brand can be your own."))
    return tuple(cleaned)


# Verbs


@transaction.atomic
def change(
    *,
    community: Community,
    by: Staff,
    at: datetime,
    stop_words: Iterable[str] | None = None,
    brands: Sequence[Brand] | None = None,
) -> Settings:
    """Replace the stop words or the brands. New brands are counted in texts that are kept."""
    permissions.check_may(by, EDIT)
    permissions.check_community(by, community.pk)
    old = get(community)
    if stop_words is not None:
        stop_words = value_types.check_texts(stop_words, _("Stop words"))
    new = Settings(
        old.stop_words if stop_words is None else clean_words(stop_words, MAX_WORDS),
        old.brands if brands is None else clean_brands(brands),
    )
    if new == old:
        return old
    WordSettings.objects.update_or_create(
        community=community,
        defaults={
            "stop_words": list(new.stop_words),
            "brands": [brand.to_json() for brand in new.brands],
        },
    )
    if new.names != old.names:
        days = MessageDay.objects.filter(community=community, has_texts=True)
        days.update(changes=models.F("changes") + 1)
    facts.record(WordSettingsChanged(), community=community, by=by, at=at)
    return new


# Reads


def get(community: Community) -> Settings:
    stored = WordSettings.objects.filter(community=community).first()
    if stored is None:
        return Settings()
    return Settings(
        tuple(stored.stop_words),
        tuple(
            Brand(each["name"], tuple(each["words"]), bool(each["is_own"]))
            for each in stored.brands
        ),
    )


def parse_brands(text: str) -> list[Brand]:
    """Return the brands of a text with one a line: `name: word, word`; `*` is the own one."""
    brands = []
    for line in text.splitlines():
        if not line.strip():
            continue
        name, _sign, words = line.replace("：", ":").partition(":")
        parts = words.replace("，", ",").replace("、", ",").split(",")
        is_own = name.strip().startswith("*")
        found = tuple(part.strip() for part in parts if part.strip())
        brands.append(Brand(name.strip().lstrip("*").strip(), found, is_own))
    return brands


def format_brands(brands: Iterable[Brand]) -> str:
    """Return the text that `parse_brands` reads."""
    return "\n".join(
        f"{'* ' if brand.is_own else ''}{brand.name}: {', '.join(brand.words)}"
        for brand in brands
    )
