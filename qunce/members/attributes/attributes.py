"""Attributes: typed fields of members, in a schema that staff extend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import (
    errors,
    permissions,
    personal_texts,
    text_validation,
    timestamps,
    value_types,
)
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import masking
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import contact_names
from qunce.members.attributes import parsing as value_parsing
from qunce.members.attributes import values as attribute_values
from qunce.members.attributes.values import AttributeValue, PastValue
from qunce.members.people import visibility

MANAGE = permissions.declare(
    "attributes.manage",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("define attributes"),
)
EDIT = permissions.declare(
    "attributes.edit",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("fill in attributes"),
)
MANUAL = "operator"


class AttributeType(models.TextChoices):
    TEXT = "text", gettext_lazy("text")
    NUMBER = "number", gettext_lazy("number")
    BOOL = "bool", gettext_lazy("yes or no")
    DATE = "date", gettext_lazy("date")
    INSTANT = "instant", gettext_lazy("date and time")
    CHOICE = "choice", gettext_lazy("single choice")
    MULTI = "multi", gettext_lazy("multiple choice")
    LUNAR = "lunar", gettext_lazy("lunar birthday")


class Section(models.TextChoices):
    BASIC = "basic"
    INTEREST = "interest"
    PRODUCT = "product"
    BENEFIT = "benefit"
    BUYING = "buying"
    SPENDING = "spending"


@personal_texts.erased_in("label", "choices")
class Attribute(models.Model):
    """`name` is used in rules and files; `choices`, if any, are the only valid values.

    `type_changed_at` is when the newest change of the type happened, if any.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    label = models.CharField(max_length=80)
    type = models.CharField(max_length=10, choices=AttributeType.choices)
    section = models.CharField(
        max_length=10, choices=Section.choices, default=Section.BASIC
    )
    choices: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    is_contact = models.BooleanField(default=False)
    """Whether the values reach a person, and are masked like identifiers."""
    created_at = timestamps.TimestampField()
    type_changed_at = timestamps.TimestampField(null=True)
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
    """The value is stored in its row only, where it can be erased."""

    kind = "attribute.set"
    label = gettext_lazy("attribute set")
    instead = gettext_lazy(
        "Import the members instead, or change them through the API."
    )
    attribute: str
    source: str


class AttributeNotFound(errors.NotFound):
    """There is no such attribute in this community."""


class AttributeAlreadyExists(errors.Refused):
    """An attribute with this name exists with another type."""


class InvalidAttribute(errors.Invalid):
    """An attribute needs a name and a valid type."""


# Checks


def check_definition(name: str, kind: str, section: str, label: str = "") -> None:
    """Raises InvalidAttribute unless an attribute may be defined like this."""
    if not text_validation.is_valid(name + label) or len(label) > 80:
        raise InvalidAttribute(_("A name has at most 80 characters."))
    if not 0 < len(name) <= 80 or kind not in AttributeType or section not in Section:
        raise InvalidAttribute(
            _("An attribute needs a name, one of the types %(types)s and a section.")
            % {"types": ", ".join(AttributeType)}
        )


def check_manage(attribute: Attribute, by: Staff) -> None:
    """Check that `by` may change how an attribute is kept.

    A contact may be changed only by who reads it: another type, or no longer being a
    contact, would unmask it.
    """
    permissions.check_may(by, MANAGE)
    if attribute.is_contact:
        permissions.check_may(by, masking.VIEW_IDENTIFIERS)


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
    is_contact: bool | None = None,
) -> Attribute:
    """Create an attribute, or return the existing one if it has the same type.

    Without `is_contact`, the names decide whether its values reach a person.
    """
    permissions.check_may(by, MANAGE)
    name = " ".join(name.split())
    check_definition(name, type, section, label)
    if existing := Attribute.objects.filter(community=community, name=name).first():
        if existing.type != type:
            raise AttributeAlreadyExists(
                _("An attribute “%(name)s” already exists. Its type is %(type)s.")
                % {"name": name, "type": existing.type}
            )
        return existing
    attribute = Attribute.objects.create(
        community=community,
        name=name,
        label=label or name,
        type=type,
        section=section,
        choices=value_types.check_texts(choices, _("Choices")),
        is_contact=contact_names.is_contact(name, label)
        if is_contact is None
        else is_contact,
        created_at=at,
        by=by,
    )
    fact = AttributeDefined(attribute=name, type=type)
    facts.record(fact, community=community, by=by, at=at)
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
    is_contact: bool | None = None,
) -> Attribute:
    """Change the label, section and choices. Rules and values use the name and type.

    Values that are no longer among the choices are kept. Without `is_contact`, the
    attribute stays a contact or not.
    """
    check_manage(attribute, by)
    label = " ".join(label.split())
    check_definition(label, attribute.type, section)
    attribute.label, attribute.section = label, section
    # Without duplicates, but in the order in which staff wrote them.
    texts = value_types.check_texts(choices, _("Choices"))
    attribute.choices = list(dict.fromkeys(texts))
    if is_contact is not None:
        attribute.is_contact = is_contact
    attribute.save(update_fields=["label", "section", "choices", "is_contact"])
    fact = AttributeChanged(attribute=attribute.name)
    facts.record(fact, community=attribute.community, by=by, at=at)
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
    """Set the attribute of accounts, None to remove it; returns how many changed.

    Values that do not change keep their time; replaced ones are kept in the history.
    Each 5,000 accounts are one transaction. `record=False` leaves the facts to the
    caller.
    """
    permissions.check_may(by, EDIT)
    visibility.check_visible(by=by, accounts=values, at=at)
    # All values are parsed before the first is written: an invalid one changes nothing.
    zone = ZoneInfo(attribute.community.timezone)
    parsed = {
        account: [] if value is None else _parse(attribute, value, zone)
        for account, value in values.items()
    }
    writer = attribute_values.ValueWriter(attribute, by, at, source)
    fact = AttributeSet(attribute=attribute.name, source=source)
    count = 0
    for chunk in account_queries.chunks(sorted(parsed)):
        with transaction.atomic():
            changed = writer.write({account: parsed[account] for account in chunk})
            if record:
                facts.record_for_accounts(
                    fact, changed, community=attribute.community, by=by, at=at
                )
        # After the transaction, so that a failed chunk is not counted.
        count += len(changed)
    return count


def _parse(
    attribute: Attribute, value: value_parsing.InputValue, zone: ZoneInfo
) -> list[value_parsing.StoredValue]:
    """The rows of a value, without empty texts; raises InvalidValue."""
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
    """The value of one attribute of a person, formatted, and where it comes from."""

    attribute: Attribute
    text: str
    source: str
    set_at: datetime
    by_id: int | None


def values_of_person(accounts: Iterable[int]) -> dict[str, CurrentValue]:
    """Attribute name → value of the person with these accounts.

    The latest value wins; the texts of a `multi` attribute are united.
    """
    return values_by_person({0: list(accounts)})[0]


def values_by_person(
    people: Mapping[int, Sequence[int]], only: Sequence[Attribute] | None = None
) -> dict[int, dict[str, CurrentValue]]:
    """Person id → `values_of_person`; `people` maps person ids to account ids.

    With `only`, the values of these attributes.
    """
    person_ids = {account: person for person, ids in people.items() for account in ids}
    values = AttributeValue.objects.filter(
        account_id__in=list(person_ids), present=True
    )
    if only is not None:
        values = values.filter(attribute__in=only)
    # The account id breaks ties, so that two accounts written at the same time give the
    # same answer each time.
    newest_first = values.select_related("attribute__community").order_by(
        "attribute__name", "-set_at", "-account_id", "item"
    )
    rows: dict[int, dict[str, list[AttributeValue]]] = {person: {} for person in people}
    for row in newest_first:
        own = rows[person_ids[row.account_id]]
        own.setdefault(row.attribute.name, []).append(row)

    def to_current_value(rows: Sequence[AttributeValue]) -> CurrentValue:
        newest = rows[0]
        attribute = newest.attribute
        zone = ZoneInfo(attribute.community.timezone)
        texts = {
            value_parsing.format_value(attribute.type, row.number, row.text, zone)
            for row in (rows if attribute.type == AttributeType.MULTI else rows[:1])
        }
        text = "; ".join(sorted(texts))
        return CurrentValue(attribute, text, newest.source, newest.set_at, newest.by_id)

    return {
        person: {name: to_current_value(own[name]) for name in own}
        for person, own in rows.items()
    }


def list_past(attribute: Attribute, accounts: Iterable[int]) -> list[PastValue]:
    """Replaced values of these accounts, the newest first."""
    rows = PastValue.objects.filter(
        attribute_id=attribute.pk, account_id__in=list(accounts)
    )
    return list(rows.order_by("-ended_at", "-pk"))


@dataclass(frozen=True)
class HistoryEntry:
    """A replaced value, formatted, with where it came from and until when it held."""

    text: str
    source: str
    set_at: datetime
    ended_at: datetime
    by_id: int | None


def list_history(
    attribute: Attribute, accounts: Iterable[int], *, limit: int = 10
) -> list[HistoryEntry]:
    """The newest replaced values of these accounts, formatted."""
    zone = ZoneInfo(attribute.community.timezone)
    return [_history_entry(row, zone) for row in list_past(attribute, accounts)[:limit]]


def histories_of_person(
    community: Community, accounts: Iterable[int]
) -> dict[int, list[HistoryEntry]]:
    """Attribute id → replaced values of one person's accounts, the newest first."""
    zone = ZoneInfo(community.timezone)
    rows = PastValue.objects.filter(account_id__in=list(accounts))
    histories: dict[int, list[HistoryEntry]] = {}
    for row in rows.order_by("-ended_at", "-pk"):
        entry = _history_entry(row, zone)
        histories.setdefault(row.attribute_id, []).append(entry)
    return histories


def _history_entry(row: PastValue, zone: ZoneInfo) -> HistoryEntry:
    text = value_parsing.format_value(row.type, row.number, row.text, zone)
    return HistoryEntry(text, row.source, row.set_at, row.ended_at, row.by_id)
