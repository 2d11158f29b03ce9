"""Conditions of tag rules: a rule about members, their silence, or an event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _

from qunce.core import errors, exchange_rates, timestamps
from qunce.core.communities import Community, zone
from qunce.core.facts import facts
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.message_texts import message_texts
from qunce.members.rule_text import names as rule_names
from qunce.members.rule_text import sentences
from qunce.members.tag_rules import words
from qunce.sets import amounts, audiences
from qunce.sets.clauses import fact_filters
from qunce.sets.rules import fact_queries, payload_fields, phrasing
from qunce.sets.rules.base import RulePath

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qunce.sets.rules.fact_queries import FactFilter
    from qunce.sets.rules.references import Mention
    from qunce.sets.rules.times_of_day import TimesOfDay

WITH_TEXTS = ("message.posted",)
"""Kinds of facts whose texts are kept apart."""
MAX_KINDS, MAX_DAYS = 20, 3_650
MAX_WORDS, MAX_WORD_LENGTH = 50, 40
EXCLUDED_PREFIXES = ("member.erased", "member.removed")
"""Kinds of facts about members whom no tag can be given any more."""


class InvalidCondition(errors.Invalid):
    """The condition of a tag rule is a rule, a silence or an event."""


@dataclass(frozen=True)
class RuleCondition:
    """Members who match a rule, as in a segment."""

    name: ClassVar[str] = "rule"
    rule: Any

    def to_json(self) -> dict[str, Any]:
        return {self.name: self.rule}

    def phrase(self, community: Community) -> str:
        names = rule_names.find(community, self.rule)
        return sentences.to_text(self.rule, names)


@dataclass(frozen=True)
class SilenceCondition:
    """Members with no fact of some kinds for a number of days.

    Members who joined less than that many days ago are not silent yet.
    """

    name: ClassVar[str] = "silence"
    kinds: tuple[str, ...]
    days: int

    @cached_property
    def rule(self) -> dict[str, Any]:
        span = f"{self.days}d"
        did = [{"did": {"kind": kind, "within": span}} for kind in self.kinds]
        return {"all": [{"joined": {"before": span}}, {"not": {"any": did}}]}

    def to_json(self) -> dict[str, Any]:
        return {self.name: {"kinds": list(self.kinds), "days": self.days}}

    def phrase(self, community: Community) -> str:
        kinds = _(", ").join(f"“{facts.label_of(kind)}”" for kind in self.kinds)
        return _("nothing of %(kinds)s for %(n)s days") % {
            "kinds": kinds,
            "n": self.days,
        }


@dataclass(frozen=True)
class EventCondition:
    """Facts of a kind, as in the clause `did`, with some or all of the keywords.

    `has_all` requires every keyword, else one is enough. Keywords are looked for in all
    texts of the payload, and in the text of the message if it is kept.
    """

    name: ClassVar[str] = "event"
    community: Community
    source: Mapping[str, Any]
    filter: FactFilter
    words: tuple[str, ...] = ()
    has_all: bool = False

    @property
    def kind(self) -> str:
        return self.filter.name

    def to_json(self) -> dict[str, Any]:
        return {self.name: dict(self.source)}

    def phrase(self, community: Community) -> str:
        names = rule_names.find(community, {"did": self.did})
        text = phrasing.to_text(fact_filters.phrase(self.did, names))
        if not self.words:
            return _("when %(event)s happens") % {"event": f"“{text}”"}
        quoted = _(", ").join(f"“{word}”" for word in self.words)
        template = _("when %(event)s happens with one of %(words)s")
        if self.has_all:
            template = _("when %(event)s happens with all of %(words)s")
        return template % {"event": f"“{text}”", "words": quoted}

    @property
    def did(self) -> dict[str, Any]:
        """The part of the condition that the clause `did` understands."""
        return {name: self.source[name] for name in self.source if name != "words"}

    def select(self, found: Sequence[RecordedFact]) -> list[RecordedFact]:
        """Those facts of the kind that are such events."""
        candidates = [fact for fact in found if self._is_candidate(fact)]
        if not self.words:
            return candidates
        texts = self.load_texts(candidates)
        return [fact for fact in candidates if self._has_words(texts[fact.id])]

    def load_texts(self, found: Sequence[RecordedFact]) -> dict[int, str]:
        """Fact id → its texts, as keywords are looked for in them."""
        kept: dict[int, str] = {}
        if self.kind in WITH_TEXTS:
            by = staff_models.system(self.community)
            for chunk in account_queries.chunks([fact.id for fact in found]):
                kept |= message_texts.find_by_facts(chunk, by=by)
        return {
            fact.id: words.texts_of({**fact.payload, "": kept.get(fact.id, "")})
            for fact in found
        }

    def _is_candidate(self, fact: RecordedFact) -> bool:
        if fact.account is None:
            return False
        if self.filter.groups and fact.group not in self.filter.groups:
            return False
        if self.filter.hours and not self._is_at(fact, self.filter.hours):
            return False
        return self._holds(fact)

    def _holds(self, fact: RecordedFact) -> bool:
        return all(
            payload_fields.holds(condition, self._value(fact, name))
            for name, condition in self.filter.where
        )

    def _value(self, fact: RecordedFact, name: str) -> Any:
        """The value of a field with exact numbers; money in the community's currency."""
        value = _exact(fact.payload.get(name))
        currency = fact.payload.get("currency")
        if name != amounts.FIELD or currency in (None, self.community.currency):
            return value
        if not isinstance(value, int):
            return value
        moment = timestamps.to_micros(fact.happened_at)
        for factor in self._factors:
            if factor.currency == currency and factor.begin <= moment < factor.end:
                return exchange_rates.convert([(value, factor.factor)])
        return None

    @cached_property
    def _factors(self) -> list[exchange_rates.Factor]:
        return exchange_rates.list_factors(self.community)

    def _is_at(self, fact: RecordedFact, hours: TimesOfDay) -> bool:
        local = fact.happened_at.astimezone(zone(self.community))
        minute, (first, last) = local.hour * 60 + local.minute, hours
        if first < last:
            return first <= minute < last
        return minute >= first or minute < last

    def _has_words(self, text: str) -> bool:
        found = (words.contains(text, word) for word in self._folded_words)
        return all(found) if self.has_all else any(found)

    @cached_property
    def _folded_words(self) -> list[str]:
        return [words.fold(word) for word in self.words]

    def find_words(self, fact: RecordedFact) -> list[str]:
        """The keywords that a fact has."""
        text = self.load_texts([fact])[fact.id]
        return [word for word in self.words if words.contains(text, words.fold(word))]


Condition = RuleCondition | SilenceCondition | EventCondition


def _exact(value: Any) -> Any:
    if isinstance(value, list):
        return [_exact(item) for item in value]
    return Decimal(repr(value)) if isinstance(value, float) else value


# From JSON


def parse(community: Community, value: Any, by: Staff | None = None) -> Condition:
    """The condition of its JSON form; raises InvalidCondition or RuleError.

    Groups that `by` does not see are unknown.
    """
    if not isinstance(value, Mapping) or len(value) != 1:
        raise InvalidCondition(_("A condition is one of: rule, silence, event."))
    ((name, content),) = value.items()
    if name == RuleCondition.name:
        audiences.check(community=community, rule=content, by=by)
        return RuleCondition(content)
    if not isinstance(content, Mapping):
        raise InvalidCondition(_("A condition is one of: rule, silence, event."))
    if name == SilenceCondition.name:
        condition = _parse_silence(content)
        audiences.check(community=community, rule=condition.rule, by=by)
        return condition
    if name == EventCondition.name:
        return _parse_event(community, content, by)
    raise InvalidCondition(_("A condition is one of: rule, silence, event."))


def _parse_silence(content: Mapping[str, Any]) -> SilenceCondition:
    kinds, days = content.get("kinds"), content.get("days")
    if set(content) - {"kinds", "days"} or not _are_texts(kinds) or not kinds:
        raise InvalidCondition(_("Choose the events of which none happened."))
    if len(set(kinds)) > MAX_KINDS:
        raise InvalidCondition(
            _("Choose at most %(n)s kinds of events.") % {"n": MAX_KINDS}
        )
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MAX_DAYS:
        raise InvalidCondition(
            _("The number of days is from 1 to %(n)s.") % {"n": f"{MAX_DAYS:,}"}
        )
    return SilenceCondition(tuple(dict.fromkeys(kinds)), days)


def _parse_event(
    community: Community, content: Mapping[str, Any], by: Staff | None
) -> EventCondition:
    known = {*fact_queries.FIELDS, "words"}
    if unknown := sorted(set(content) - known):
        raise InvalidCondition(
            _("An event has no field “%(name)s”. It has: %(all)s.")
            % {"name": unknown[0], "all": ", ".join(sorted(known))}
        )
    found = fact_queries.parse(content, RulePath.for_staff(community, by))
    if found.name.startswith(EXCLUDED_PREFIXES):
        raise InvalidCondition(
            _("“%(kind)s” concerns members who are gone; choose another event.")
            % {"kind": facts.label_of(found.name)}
        )
    keywords, has_all = _parse_words(content.get("words"))
    return EventCondition(community, dict(content), found, keywords, has_all)


def _parse_words(value: Any) -> tuple[tuple[str, ...], bool]:
    if value is None:
        return (), False
    if not isinstance(value, Mapping) or len(value) != 1 or set(value) - {"any", "all"}:
        raise InvalidCondition(_("Write keywords as any or all of a list."))
    ((name, listed),) = value.items()
    if not _are_texts(listed) or not listed:
        raise InvalidCondition(_("Write at least one keyword."))
    keywords = tuple(dict.fromkeys(word.strip() for word in listed))
    if len(keywords) > MAX_WORDS:
        raise InvalidCondition(_("Write at most %(n)s keywords.") % {"n": MAX_WORDS})
    for word in keywords:
        folded = words.fold(word)
        if not folded or len(word) > MAX_WORD_LENGTH or not word.isprintable():
            raise InvalidCondition(
                _("A keyword has 1 to %(n)s characters, without control characters.")
                % {"n": MAX_WORD_LENGTH}
            )
    return keywords, name == "all"


def _are_texts(value: Any) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and all(isinstance(item, str) for item in value)
    )


def rules_of(value: Any) -> list[Any]:
    """The rules inside the JSON of a condition, for whatever lists what rules mention."""
    name = next(iter(value), "") if isinstance(value, Mapping) else ""
    if name == RuleCondition.name:
        return [value[name]]
    if name == EventCondition.name and isinstance(value[name], Mapping):
        did = {key: value[name][key] for key in value[name] if key != "words"}
        return [{"did": did}]
    if name == SilenceCondition.name:
        return [_parse_silence(value[name]).rule]
    return []


def mentions(value: Any) -> Iterable[Mention]:
    """What the condition names directly."""
    from qunce.sets.rules import base

    for rule in rules_of(value):
        yield from base.list_mentions(rule)
