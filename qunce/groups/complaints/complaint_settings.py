"""What raises a case automatically, and within how many hours members are to be answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, names, permissions, text_validation
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.groups.complaints import negative_words
from qunce.groups.complaints.models import MAX_TOPIC, ComplaintSettings, Kind
from qunce.groups.complaints.negative_words import LABELS, OTHER, Topic

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.staff.models import Staff

EDIT = permissions.declare(
    "complaints.settings",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("decide which words raise a case, and how soon it is due"),
)
MAX_TOPICS, MAX_WORDS, MAX_WORD, MAX_HOURS = 30, 2_000, 40, 24 * 60
MIN_WORD = 2
"""A word of one character would be found in every message."""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ComplaintSettingsChanged(facts.FactKind):
    kind = "complaint.settings_changed"
    label = gettext_lazy("rules of complaints changed")
    instead = gettext_lazy("Change them on the page of complaints, or through the API.")


class InvalidComplaintSettings(errors.Invalid):
    """A topic, a word or a number of hours cannot be stored."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    topics: tuple[Topic, ...]
    raises_from_messages: bool = True
    complaint_hours: int = 24
    after_sales_hours: int = 48
    asks_ratings: bool = True

    def time_to_answer(self, kind: str) -> timedelta:
        is_after_sales = kind == Kind.AFTER_SALES
        return timedelta(
            hours=self.after_sales_hours if is_after_sales else self.complaint_hours
        )

    def find_topic(self, text: str) -> str:
        """Return the key of the topic with this key or name; "" if there is none."""
        wanted = text.strip().casefold()
        for topic in self.topics:
            if wanted in (topic.key.casefold(), str(topic.label).casefold()):
                return topic.key
        return ""


# Checks


def clean_topics(topics: Sequence[Topic]) -> tuple[Topic, ...]:
    """Return the topics with their words normalised. Raises InvalidComplaintSettings."""
    found: dict[str, Topic] = {}
    for topic in topics:
        key, words = names.clean(topic.key), _clean_words(topic)
        if not key or len(key) > MAX_TOPIC or not text_validation.is_valid(key):
            raise InvalidComplaintSettings(
                _("A topic needs a name of at most %(most)s characters.")
                % {"most": MAX_TOPIC}
            )
        if key in found:
            raise InvalidComplaintSettings(
                _("The topic “%(name)s” is there twice. Put its words on one line.")
                % {"name": topic.label}
            )
        found[key] = Topic(key, words, "" if key in LABELS else key)
    found.setdefault(OTHER, Topic(OTHER, ()))
    if len(found) > MAX_TOPICS:
        raise InvalidComplaintSettings(
            _("At most %(most)s topics are possible.") % {"most": MAX_TOPICS}
        )
    if sum(len(topic.words) for topic in found.values()) > MAX_WORDS:
        raise InvalidComplaintSettings(
            _("At most %(most)s words are possible.") % {"most": f"{MAX_WORDS:,}"}
        )
    return tuple(found.values())


def _clean_words(topic: Topic) -> tuple[str, ...]:
    words = [negative_words.normalise(names.clean(word)) for word in topic.words]
    for word in words:
        if not MIN_WORD <= len(word) <= MAX_WORD or not text_validation.is_valid(word):
            raise InvalidComplaintSettings(
                _(
                    "“%(word)s” cannot raise a case: a word has %(min)s to %(most)s characters."
                )
                % {"word": word[:80], "min": MIN_WORD, "most": MAX_WORD}
            )
    return tuple(dict.fromkeys(words))


# Verbs


@transaction.atomic
def change(
    *,
    community: Community,
    by: Staff,
    at: datetime,
    topics: Sequence[Topic] | None = None,
    raises_from_messages: bool | None = None,
    complaint_hours: int | None = None,
    after_sales_hours: int | None = None,
    asks_ratings: bool | None = None,
) -> Settings:
    """Change what is given; what is None stays. Cases that exist keep their due times."""
    permissions.check_may(by, EDIT)
    permissions.check_community(by, community.pk)
    old = get(community)
    new = replace(
        old,
        topics=old.topics if topics is None else clean_topics(topics),
        raises_from_messages=old.raises_from_messages
        if raises_from_messages is None
        else raises_from_messages,
        complaint_hours=_check_hours(complaint_hours, old.complaint_hours),
        after_sales_hours=_check_hours(after_sales_hours, old.after_sales_hours),
        asks_ratings=old.asks_ratings if asks_ratings is None else asks_ratings,
    )
    if new == old:
        return old
    ComplaintSettings.objects.update_or_create(
        community=community,
        defaults={
            "words": [
                {"topic": topic.key, "words": list(topic.words)} for topic in new.topics
            ],
            "raises_from_messages": new.raises_from_messages,
            "complaint_hours": new.complaint_hours,
            "after_sales_hours": new.after_sales_hours,
            "asks_ratings": new.asks_ratings,
        },
    )
    facts.record(ComplaintSettingsChanged(), community=community, by=by, at=at)
    return new


def _check_hours(hours: int | None, old: int) -> int:
    if hours is None:
        return old
    if not 1 <= hours <= MAX_HOURS:
        raise InvalidComplaintSettings(
            _("Members are answered within 1 to %(most)s hours.")
            % {"most": f"{MAX_HOURS:,}"}
        )
    return hours


# Reads


def get(community: Community) -> Settings:
    stored = ComplaintSettings.objects.filter(community=community).first()
    if stored is None:
        return Settings(topics=negative_words.default_topics())
    words = [
        Topic(
            row["topic"],
            tuple(row["words"]),
            "" if row["topic"] in LABELS else row["topic"],
        )
        for row in stored.words or ()
    ]
    return Settings(
        topics=tuple(words) or negative_words.default_topics(),
        raises_from_messages=stored.raises_from_messages,
        complaint_hours=stored.complaint_hours,
        after_sales_hours=stored.after_sales_hours,
        asks_ratings=stored.asks_ratings,
    )


def parse_topics(text: str) -> list[Topic]:
    """Return the topics of a text with one a line: `topic: word, word`."""
    keys = {str(label).casefold(): key for key, label in LABELS.items()}
    topics = []
    for line in text.splitlines():
        if not line.strip():
            continue
        name, _sign, words = line.replace("：", ":").partition(":")
        parts = words.replace("，", ",").replace("、", ",").split(",")
        key = keys.get(name.strip().casefold(), name.strip())
        topics.append(Topic(key, tuple(part.strip() for part in parts if part.strip())))
    return topics


def format_topics(topics: Sequence[Topic]) -> str:
    """Return the text that `parse_topics` reads."""
    return "\n".join(f"{topic.label}: {', '.join(topic.words)}" for topic in topics)
