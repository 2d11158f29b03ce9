"""Attributes: what is known of members, in a typed schema that operators extend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, text_validation, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import parsing as value_parsing
from qunce.members.attributes import values as attribute_values
from qunce.members.attributes.values import AttributeValue, PastValue

MANAGE = permissions.declare("attributes.manage", permissions.Role.MANAGER)
EDIT = permissions.declare(
    "attributes.edit", permissions.Role.MANAGER, permissions.Role.OPERATOR
)
MANUAL = "operator"


class AttributeType(models.TextChoices):
    TEXT = "text"
    NUMBER = "number"
    BOOL = "bool"
    DATE = "date"
    INSTANT = "instant"
    CHOICE = "choice"
    MULTI = "multi"


class Section(models.TextChoices):
    BASIC = "basic"
    INTEREST = "interest"
    PRODUCT = "product"
    BENEFIT = "benefit"
    BUYING = "buying"
    SPENDING = "spending"


class Attribute(models.Model):
    """`name` is what rules and files call it; `choices`, if any, are all it may be."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    label = models.CharField(max_length=80)
    type = models.CharField(max_length=10, choices=AttributeType.choices)
    section = models.CharField(
        max_length=10, choices=Section.choices, default=Section.BASIC
    )
    choices: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "name"], name="one_attribute_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.label


@facts.declare
@dataclass(frozen=True, kw_only=True)
class AttributeDefined(facts.FactKind):
    kind = "attribute.defined"
    label = gettext_lazy("attribute defined")
    attribute: str
    type: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class AttributeChanged(facts.FactKind):
    kind = "attribute.changed"
    label = gettext_lazy("attribute changed")
    attribute: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class AttributeSet(facts.FactKind):
    """That it was set; the value itself stands in its row alone, where it can go."""

    kind = "attribute.set"
    label = gettext_lazy("attribute set")
    attribute: str
    source: str


class AttributeNotFound(errors.NotFound):
    """There is no such attribute in this community."""


class AttributeAlreadyExists(errors.Refused):
    """There is an attribute of this name with another type."""


class InvalidAttribute(errors.Invalid):
    """An attribute needs a name and one of the types."""


# Checks


def check_definition(name: str, kind: str, section: str, label: str = "") -> None:
    if not text_validation.is_text(name + label) or len(label) > 80:
        raise InvalidAttribute(_("A name has at most 80 characters."))
    if not 0 < len(name) <= 80 or kind not in AttributeType or section not in Section:
        raise InvalidAttribute(
            _("An attribute needs a name, one of the types %(types)s and a section.")
            % {"types": ", ".join(AttributeType)}
        )


def _same(found: Attribute, kind: str) -> Attribute:
    if found.type != kind:
        raise AttributeAlreadyExists(
            _("An attribute “%(name)s” already exists. Its type is %(type)s.")
            % {"name": found.name, "type": found.type}
        )
    return found


# Verbs


@transaction.atomic
def define(
    *,
    community: Community,
    name: str,
    type: str,  # noqa: A002 - the word of the interface
    by: Staff,
    at: datetime,
    label: str = "",
    section: str = Section.BASIC,
    choices: Sequence[str] = (),
) -> Attribute:
    """Extend the schema; the same definition again returns what is there."""
    permissions.check_may(by, MANAGE)
    name = " ".join(name.split())
    check_definition(name, type, section, label)
    if found := Attribute.objects.filter(community=community, name=name).first():
        return _same(found, type)
    attribute = Attribute.objects.create(
        community=community,
        name=name,
        label=label or name,
        type=type,
        section=section,
        choices=list(choices),
        created_at=at,
        by=by,
    )
    event = AttributeDefined(attribute=name, type=type)
    facts.record(event, community=community, by=by, at=at)
    return attribute


@transaction.atomic
def update(
    *,
    attribute: Attribute,
    label: str,
    section: str,
    choices: Sequence[str],
    by: Staff,
    at: datetime,
) -> Attribute:
    """How it is called and shown; its name and type stay, since rules and values use them.

    Fewer choices leave the values that are there.
    """
    permissions.check_may(by, MANAGE)
    label = " ".join(label.split())
    check_definition(label, attribute.type, section)
    attribute.label, attribute.section = label, section
    attribute.choices = list(dict.fromkeys(choices))
    attribute.save(update_fields=["label", "section", "choices"])
    event = AttributeChanged(attribute=attribute.name)
    facts.record(event, community=attribute.community, by=by, at=at)
    return attribute


def set_values(
    *,
    attribute: Attribute,
    values: Mapping[int, value_parsing.InputValue | None],
    by: Staff,
    at: datetime,
    source: str = MANUAL,
    record: bool = True,
) -> int:
    """Give accounts a value, None to take it away; returns how many changed.

    Equal values are left alone and keep their time. What is replaced goes to the
    history. Each 5,000 accounts are one transaction; `record` false leaves the facts
    to the caller, for files.
    """
    permissions.check_may(by, EDIT)
    account_queries.check_ids(attribute.community, values)
    stored = _read(attribute, values)
    writer = attribute_values.Writer(attribute, by, at, source)
    changed = 0
    for chunk in account_queries.chunks(sorted(stored)):
        with transaction.atomic():
            touched = writer.write({account: stored[account] for account in chunk})
            event = AttributeSet(attribute=attribute.name, source=source)
            told = touched if record else []
            community = attribute.community
            facts.record_for_accounts(event, told, community=community, by=by, at=at)
        changed += len(touched)
    return changed


def _read(
    attribute: Attribute, values: Mapping[int, value_parsing.InputValue | None]
) -> dict[int, list[value_parsing.StoredValue]]:
    zone = ZoneInfo(attribute.community.timezone)
    return {
        account: [] if value is None else _stored(attribute, value, zone)
        for account, value in values.items()
    }


def _stored(
    attribute: Attribute, value: value_parsing.InputValue, zone: ZoneInfo
) -> list[value_parsing.StoredValue]:
    rows = value_parsing.parse(attribute.type, value, zone)
    for _number, text in rows:
        if attribute.choices and text not in attribute.choices:
            raise value_parsing.InvalidValue(
                _(
                    "“%(value)s” is not a choice of “%(name)s”. Available choices: %(all)s."
                )
                % {
                    "value": text,
                    "name": attribute.name,
                    "all": ", ".join(attribute.choices),
                }
            )
    return [row for row in rows if row != (None, "")]


# Reads


def get(community: Community, name: str) -> Attribute:
    try:
        return Attribute.objects.get(community=community, name=name)
    except Attribute.DoesNotExist:
        raise AttributeNotFound(
            _("There is no attribute “%(name)s”.") % {"name": name}
        ) from None


def list_all(community: Community) -> models.QuerySet[Attribute]:
    attributes = Attribute.objects.filter(community=community)
    return attributes.order_by("section", "name")


@dataclass(frozen=True)
class CurrentValue:
    """One value of a person, with where it came from."""

    attribute: Attribute
    text: str
    source: str
    set_at: datetime
    by_id: int | None


def values_of_person(accounts: Iterable[int]) -> dict[str, CurrentValue]:
    """Name → value of one person, over all accounts: the one set last; several united."""
    return values_by_person({0: list(accounts)})[0]


def values_by_person(
    people: Mapping[int, Sequence[int]],
) -> dict[int, dict[str, CurrentValue]]:
    """The same of several people, given as head → accounts."""
    heads = {account: head for head, some in people.items() for account in some}
    rows = AttributeValue.objects.filter(account_id__in=list(heads), present=True)
    newest = rows.select_related("attribute__community").order_by(
        "attribute__name", "-set_at", "-account_id", "item"
    )
    held: dict[int, dict[str, list[AttributeValue]]] = {head: {} for head in people}
    for row in newest:
        mine = held[heads[row.account_id]]
        mine.setdefault(row.attribute.name, []).append(row)
    return {
        head: {name: _held(several) for name, several in mine.items()}
        for head, mine in held.items()
    }


def _held(rows: Sequence[AttributeValue]) -> CurrentValue:
    first = rows[0]
    zone = ZoneInfo(first.attribute.community.timezone)
    several = rows if first.attribute.type == AttributeType.MULTI else rows[:1]
    texts = {
        value_parsing.format_value(first.attribute.type, row.number, row.text, zone)
        for row in several
    }
    return CurrentValue(
        first.attribute,
        "; ".join(sorted(texts)),
        first.source,
        first.set_at,
        first.by_id,
    )


def list_past(attribute: Attribute, accounts: Iterable[int]) -> list[PastValue]:
    """What these accounts' values were before, the newest first."""
    past = PastValue.objects.filter(attribute_id=attribute.pk)
    return list(past.filter(account_id__in=list(accounts)).order_by("-ended_at", "-pk"))


@dataclass(frozen=True)
class FormerValue:
    """A value that was, in words."""

    text: str
    source: str
    set_at: datetime
    ended_at: datetime


def list_former(
    attribute: Attribute, accounts: Iterable[int], *, limit: int = 10
) -> list[FormerValue]:
    zone = ZoneInfo(attribute.community.timezone)
    return [
        FormerValue(
            value_parsing.format_value(attribute.type, one.number, one.text, zone),
            one.source,
            one.set_at,
            one.ended_at,
        )
        for one in list_past(attribute, accounts)[:limit]
    ]
