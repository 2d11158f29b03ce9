"""Changing the type of an attribute, with every value that is stored of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from qunce.core import errors, permissions, revisions
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes, value_conversions
from qunce.members.attributes import values as attribute_values
from qunce.members.attributes.attributes import Attribute, AttributeType
from qunce.members.attributes.value_conversions import Conversion
from qunce.sets.bitmaps import attribute_columns
from qunce.sets.rules import stored_rules
from qunce.sets.rules.stored_rules import StoredRule

MAX_EXAMPLES = 5
MAX_RULES_NAMED = 10
FIXED_TYPES = {"birthday": AttributeType.DATE}
"""Attributes that files always read as one type."""
WITH_CHOICES = (AttributeType.TEXT, AttributeType.CHOICE, AttributeType.MULTI)


@facts.declare
@dataclass(frozen=True, kw_only=True)
class AttributeTypeChanged(facts.FactKind):
    """`converted` and `dropped` count the accounts with a value."""

    kind = "attribute.type_changed"
    label = gettext_lazy("attribute type changed")
    attribute: str
    before: str
    after: str
    converted: int
    dropped: int


class UnreadableValues(errors.Refused):
    """Some values cannot be converted, and dropping them was not chosen."""

    def __init__(self, text: str, change: TypeChange) -> None:
        super().__init__(text)
        self.change = change


class AttributeTypeInUse(errors.Refused):
    """Rules would become invalid with the new type."""


class AttributeTypeIsFixed(errors.Refused):
    """Files always read this attribute as one type."""


@dataclass(frozen=True)
class Example:
    """The value of an account; `after` is empty if it cannot be converted."""

    member: str
    """Key of the account."""
    before: str
    after: str = ""


@dataclass
class ValueCount:
    """Accounts whose values have something in common, and some of them."""

    count: int = 0
    samples: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Account id → value before and after."""
    examples: list[Example] = field(default_factory=list)


@dataclass
class TypeChange:
    """What changing the type does, or did.

    `converted` counts the accounts whose value the new type can hold. Of these,
    `altered` are values that read differently afterwards, such as 010020 as a number,
    and `restored` ones that get back a form from before an earlier change.
    """

    attribute: Attribute
    old: str
    type: str
    converted: int = 0
    restored: int = 0
    altered: ValueCount = field(default_factory=ValueCount)
    unreadable: ValueCount = field(default_factory=ValueCount)
    broken_rules: list[StoredRule] = field(default_factory=list)

    @property
    def label(self) -> str:
        return str(AttributeType(self.type).label)


# Checks


def check_type(attribute: Attribute, new: str) -> None:
    """Raise InvalidAttribute or AttributeTypeIsFixed unless it may become this type."""
    attributes.check_definition(attribute.name, new, attribute.section)
    fixed = FIXED_TYPES.get(attribute.name, new)
    if new != fixed:
        raise AttributeTypeIsFixed(
            _("Files always read “%(name)s” as “%(type)s”.")
            % {"name": attribute.name, "type": AttributeType(fixed).label}
        )


def check_change(change: TypeChange, *, drop_unreadable: bool) -> None:
    """Raises AttributeTypeInUse or UnreadableValues."""
    if change.broken_rules:
        raise AttributeTypeInUse(describe_broken_rules(change))
    if change.unreadable.count and not drop_unreadable:
        raise UnreadableValues(
            _("%(sentence)s Correct them first, or choose to drop them.")
            % {"sentence": describe_unreadable(change)},
            change,
        )


# Verbs


@transaction.atomic
def change_type(
    *,
    attribute: Attribute,
    type: str,  # noqa: A002 - the word of the interface
    by: Staff,
    at: datetime,
    drop_unreadable: bool = False,
) -> TypeChange:
    """Convert every value to another type, all of them or none.

    Values keep their time and source. Raises UnreadableValues if some cannot be
    converted, unless `drop_unreadable`; dropped values, and the earlier form of those
    that read differently afterwards, stay in the history. Raises AttributeTypeInUse if
    rules would become invalid.
    """
    rev = _lock(attribute, type, by)
    change = TypeChange(attribute, attribute.type, type)
    if type == attribute.type:
        return change
    change.broken_rules = _find_broken_rules(attribute, type)
    check_change(change, drop_unreadable=drop_unreadable)
    # Written while they are counted, as the lock keeps everybody else waiting. What is
    # refused after all is rolled back.
    for conversions in value_conversions.read(attribute, type):
        _count(change, conversions)
        value_conversions.write(attribute, conversions, rev, at)
    _add_examples(change)
    check_change(change, drop_unreadable=drop_unreadable)
    attribute.type, attribute.type_changed_at = type, at
    if type not in WITH_CHOICES:
        attribute.choices = []
    attribute.save(update_fields=["type", "type_changed_at", "choices"])
    fact = AttributeTypeChanged(
        attribute=attribute.name,
        before=change.old,
        after=type,
        converted=change.converted,
        dropped=change.unreadable.count,
    )
    facts.record(fact, community=attribute.community, by=by, at=at)
    return change


@transaction.atomic
def preview(
    *,
    attribute: Attribute,
    type: str,  # noqa: A002 - the word of the interface
    by: Staff,
    at: datetime,
) -> TypeChange:
    """What `change_type` would do; nothing is changed."""
    permissions.check_community(by, attribute.community_id)
    _lock(attribute, type, by)
    change = survey(attribute=attribute, type=type)
    transaction.set_rollback(True)
    return change


def survey(
    *,
    attribute: Attribute,
    type: str,  # noqa: A002 - the word of the interface
    report: Callable[[int], None] = lambda _count: None,
) -> TypeChange:
    """Look at values and rules without a lock; `report` gets the number of accounts seen.

    The caller has checked the permission.
    """
    change = TypeChange(attribute, attribute.type, type)
    if type == attribute.type:
        return change
    seen = 0
    for conversions in value_conversions.read(attribute, type):
        _count(change, conversions)
        seen += len(conversions)
        report(seen)
    with transaction.atomic():
        change.broken_rules = _find_broken_rules(attribute, type)
    _add_examples(change)
    return change


def _lock(attribute: Attribute, new: str, by: Staff) -> int:
    """Check the change and lock the attribute; returns its revision."""
    attributes.check_manage(attribute, by)
    check_type(attribute, new)
    pk, community = attribute.pk, attribute.community
    # Writers of values bump the same revision first, so none writes in between.
    rev = revisions.bump(community.pk, attribute_columns.KIND, [pk])[pk]
    attribute_values.check_types([attribute])
    return rev


def _count(change: TypeChange, conversions: Sequence[Conversion]) -> None:
    for one in conversions:
        change.converted += bool(one.replacement)
        change.restored += one.is_restored
        if one.is_lossless:
            continue
        counted = change.altered if one.replacement else change.unreadable
        counted.count += 1
        if len(counted.samples) < MAX_EXAMPLES:
            counted.samples[one.account] = (one.before, one.after)


def _find_broken_rules(attribute: Attribute, new: str) -> list[StoredRule]:
    """Rules that are valid now and would not be with the new type."""
    community = attribute.community
    mentioning = stored_rules.list_mentioning(community, ("attr", attribute.name))
    valid = [rule for rule in mentioning if stored_rules.is_valid(community, rule)]
    stored = Attribute.objects.filter(pk=attribute.pk)
    # Rules are compiled with the type that is stored.
    stored.update(type=new)
    broken = [rule for rule in valid if not stored_rules.is_valid(community, rule)]
    stored.update(type=attribute.type)
    return broken


def _add_examples(change: TypeChange) -> None:
    for counted in (change.altered, change.unreadable):
        keys = account_queries.keys_by_id(change.attribute.community, counted.samples)
        counted.examples = [
            Example(keys[account], *counted.samples[account])
            for account in sorted(counted.samples)
            if account in keys
        ]


# Sentences


def describe(change: TypeChange) -> list[str]:
    """What the change does to the values, as sentences."""
    sentences = [
        ngettext(
            "%(count)d value can be read as “%(type)s”.",
            "%(count)d values can be read as “%(type)s”.",
            change.converted,
        )
        % {"count": change.converted, "type": change.label}
    ]
    if change.restored:
        sentences.append(
            ngettext(
                "%(count)d value gets back its form from before an earlier change.",
                "%(count)d values get back their form from before an earlier change.",
                change.restored,
            )
            % {"count": change.restored}
        )
    if change.altered.count:
        sentences.append(_describe_altered(change))
    if change.unreadable.count:
        sentences.append(describe_unreadable(change))
    becomes_text = change.type in WITH_CHOICES and change.old not in WITH_CHOICES
    if becomes_text and change.restored < change.converted:
        sentences.append(
            _(
                "What a file had before it was read, such as 010020 imported as the"
                " number 10020, is not stored and cannot be restored. Import the file"
                " again after the change."
            )
        )
    return sentences


def _describe_altered(change: TypeChange) -> str:
    return ngettext(
        "%(count)d value reads differently afterwards: %(examples)s. Its earlier form"
        " stays in the history.",
        "%(count)d values read differently afterwards: %(examples)s. Their earlier"
        " forms stay in the history.",
        change.altered.count,
    ) % {
        "count": change.altered.count,
        "examples": _join(
            change.altered.examples,
            lambda e: (
                _("“%(before)s” becomes “%(after)s” (%(member)s)")
                % {"before": e.before, "after": e.after, "member": e.member}
            ),
        ),
    }


def describe_unreadable(change: TypeChange) -> str:
    return ngettext(
        "%(count)d value of “%(name)s” cannot be read as “%(type)s”: %(examples)s.",
        "%(count)d values of “%(name)s” cannot be read as “%(type)s”: %(examples)s.",
        change.unreadable.count,
    ) % {
        "count": change.unreadable.count,
        "name": change.attribute.name,
        "type": change.label,
        "examples": _join(
            change.unreadable.examples, lambda e: f"“{e.before}” ({e.member})"
        ),
    }


def _join(examples: Sequence[Example], phrase: Callable[[Example], str]) -> str:
    return _(", ").join(map(phrase, examples))


def describe_broken_rules(change: TypeChange) -> str:
    named = change.broken_rules[:MAX_RULES_NAMED]
    return _(
        "With the type “%(type)s”, these rules about “%(name)s” would become invalid:"
        " %(rules)s. Change them first."
    ) % {
        "type": change.label,
        "name": change.attribute.name,
        "rules": _(", ").join(dict.fromkeys(map(str, named))),
    }
