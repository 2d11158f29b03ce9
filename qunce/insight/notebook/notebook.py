"""The notebook: what competitors do, what is usual in the industry, what platforms change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import (
    community_days,
    decimals,
    errors,
    names,
    permissions,
    text_validation,
    value_types,
)
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.insight.metric_definitions import METRICS, RATIOS
from qunce.insight.notebook.models import (
    MAX_EFFECT,
    MAX_NAME,
    MAX_SOURCE,
    MAX_TAG,
    MAX_TAGS,
    MAX_TEXT,
    MAX_TITLE,
    MAX_UNIT,
    MAX_URL,
    STATES,
    Kind,
    NotebookEntry,
    State,
)

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from qunce.core.staff.models import Staff

EDIT = permissions.declare(
    "notebook.edit",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("write in the notebook"),
)
FIELDS = (
    "kind",
    "day",
    "title",
    "text",
    "who",
    "effect",
    "metric",
    "value",
    "unit",
    "source",
    "url",
    "tags",
)
LINES = ("title", "who", "metric", "unit", "source", "url")
LABELS: dict[str, StrOrPromise] = {
    "kind": gettext_lazy("Kind"),
    "day": gettext_lazy("Day"),
    "title": gettext_lazy("Title"),
    "text": gettext_lazy("Note"),
    "who": gettext_lazy("Competitor"),
    "effect": pgettext_lazy("of a post", "Effect"),
    "metric": gettext_lazy("Metric"),
    "value": pgettext_lazy("of a number", "Value"),
    "unit": pgettext_lazy("of a number", "Unit"),
    "source": gettext_lazy("Source"),
    "url": gettext_lazy("Web link"),
    "tags": gettext_lazy("Tags"),
}
LENGTHS = {
    "title": MAX_TITLE,
    "text": MAX_TEXT,
    "who": MAX_NAME,
    "effect": MAX_EFFECT,
    "metric": MAX_NAME,
    "unit": MAX_UNIT,
    "source": MAX_SOURCE,
    "url": MAX_URL,
}
NEEDED = {
    Kind.COMPETITOR: ("who", "title"),
    Kind.BENCHMARK: ("metric", "value", "source"),
    Kind.PLATFORM_CHANGE: ("title",),
}
OWN: Mapping[str, tuple[str, ...]] = {
    Kind.COMPETITOR: ("who", "effect"),
    Kind.BENCHMARK: ("metric", "value", "unit", "source"),
    Kind.PLATFORM_CHANGE: ("source",),
}
"""Kind → the fields that not every kind has."""
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
MAX_VALUE, DECIMAL_PLACES = Decimal(10) ** 12, 6
MAX_ENTRIES = 10_000


@dataclass(frozen=True, kw_only=True)
class NotebookFact(facts.FactKind):
    """`entry` is the id of the entry; what it says is not repeated."""

    labels = {"entry": gettext_lazy("number of the entry")}
    entry: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class NotebookEntryCreated(NotebookFact):
    kind = "notebook_entry.created"
    label = gettext_lazy("notebook entry written")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class NotebookEntryChanged(NotebookFact):
    kind = "notebook_entry.changed"
    label = gettext_lazy("notebook entry changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class NotebookEntryArchived(NotebookFact):
    kind = "notebook_entry.archived"
    label = gettext_lazy("notebook entry archived")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class NotebookEntryRestored(NotebookFact):
    kind = "notebook_entry.restored"
    label = gettext_lazy("notebook entry restored")


class EntryNotFound(errors.NotFound):
    """There is no such entry in this community."""


class InvalidEntry(errors.Invalid):
    """A field of an entry is missing or cannot be stored."""


# Checks


def check_may_edit(by: Staff, entry: NotebookEntry | None = None) -> None:
    """Raise NotAllowed without the permission, EntryNotFound for another community's."""
    permissions.check_may(by, EDIT)
    if entry is not None and entry.community_id != by.community_id:
        raise EntryNotFound(_("There is no such entry."))


def check_fields(entry: NotebookEntry, *, at: datetime) -> None:
    """Raise InvalidEntry for the first field that cannot be stored."""
    if entry.kind not in Kind.values:
        raise InvalidEntry(
            _("Choose a kind: %(kinds)s.")
            % {"kinds": _(", ").join(str(kind.label) for kind in Kind)}
        )
    for name in NEEDED[Kind(entry.kind)]:
        if getattr(entry, name) in ("", None):
            raise InvalidEntry(_("“%(field)s” is required.") % {"field": LABELS[name]})
    for name, limit in LENGTHS.items():
        text = getattr(entry, name)
        if len(text) > limit:
            raise InvalidEntry(
                _("%(field)s can have at most %(most)s characters; it has %(n)s.")
                % {"field": LABELS[name], "most": f"{limit:,}", "n": f"{len(text):,}"}
            )
        if not text_validation.is_valid(text):
            raise InvalidEntry(
                _("%(field)s contains a character that cannot be stored.")
                % {"field": LABELS[name]}
            )
    if entry.url and not entry.url.lower().startswith(("https://", "http://")):
        raise InvalidEntry(
            _(
                "“%(url)s” is not a complete link. It must begin with https:// or http://."
            )
            % {"url": entry.url[:80]}
        )
    if not FIRST_DAY <= entry.day <= LAST_DAY:
        raise InvalidEntry(
            _("The day must be between %(first)s and %(last)s.")
            % {"first": FIRST_DAY, "last": LAST_DAY}
        )
    today = community_days.to_date(entry.community.day(at))
    if entry.kind != Kind.PLATFORM_CHANGE and entry.day > today:
        raise InvalidEntry(
            _("%(day)s is still to come. Only platform changes can be ahead.")
            % {"day": entry.day}
        )
    _check_tags(entry.tags)


def _check_tags(tags: list[str]) -> None:
    if len(tags) > MAX_TAGS:
        raise InvalidEntry(
            _("An entry can have at most %(most)s tags.") % {"most": MAX_TAGS}
        )
    for tag in tags:
        if len(tag) > MAX_TAG or not text_validation.is_valid(tag):
            raise InvalidEntry(
                _("A tag has at most %(most)s characters.") % {"most": MAX_TAG}
            )


def parse_value(text: str) -> Decimal | None:
    """`"3.2"` → `Decimal("3.2")`, None for an empty text. Raises InvalidEntry."""
    plain = text.strip().replace("，", ",").replace(",", "")
    if not plain:
        return None
    try:
        value = decimals.parse(plain)
    except decimals.NotADecimal:
        raise InvalidEntry(
            _("“%(text)s” is not a number. Write the unit into its own field.")
            % {"text": text.strip()[:40]}
        ) from None
    if abs(value) > MAX_VALUE or value != round(value, DECIMAL_PLACES):
        raise InvalidEntry(
            _("A value has at most %(places)s decimals, and is at most %(most)s.")
            % {"places": DECIMAL_PLACES, "most": f"{MAX_VALUE:,}"}
        )
    return value


# Verbs


@transaction.atomic
def create(
    *, community: Community, by: Staff, at: datetime, **fields: Any
) -> NotebookEntry:
    """Add an entry. `fields` are those of FIELDS; `day` is today by default."""
    check_may_edit(by)
    permissions.check_community(by, community.pk)
    given = _normalised(fields)
    given.setdefault("day", community_days.to_date(community.day(at)))
    entry = NotebookEntry(
        community=community, by=by, created_at=at, changed_at=at, **given
    )
    _keep_own_fields(entry)
    check_fields(entry, at=at)
    if NotebookEntry.objects.filter(community=community).count() >= MAX_ENTRIES:
        raise InvalidEntry(
            _("The notebook holds at most %(most)s entries.")
            % {"most": f"{MAX_ENTRIES:,}"}
        )
    entry.save()
    _record(NotebookEntryCreated(entry=entry.pk), entry, by, at)
    return entry


@transaction.atomic
def update(
    *, entry: NotebookEntry, by: Staff, at: datetime, **fields: Any
) -> list[str]:
    """Change fields; returns the names of those that have a new value."""
    check_may_edit(by, entry)
    given = _normalised(fields)
    fresh = NotebookEntry.objects.select_for_update(of=("self",)).get(pk=entry.pk)
    before = {name: getattr(fresh, name) for name in FIELDS}
    for name, value in given.items():
        setattr(fresh, name, value)
    _keep_own_fields(fresh)
    check_fields(fresh, at=at)
    changed = sorted(name for name in FIELDS if getattr(fresh, name) != before[name])
    if not changed:
        return []
    fresh.changed_at = at
    fresh.save(update_fields=[*changed, "changed_at"])
    for name in (*FIELDS, "changed_at"):
        setattr(entry, name, getattr(fresh, name))
    _record(NotebookEntryChanged(entry=entry.pk, fields=changed), entry, by, at)
    return changed


@transaction.atomic
def archive(*, entry: NotebookEntry, by: Staff, at: datetime) -> None:
    check_may_edit(by, entry)
    STATES.transition(entry, "archive", changed_at=at)
    _record(NotebookEntryArchived(entry=entry.pk), entry, by, at)


@transaction.atomic
def restore(*, entry: NotebookEntry, by: Staff, at: datetime) -> None:
    check_may_edit(by, entry)
    STATES.transition(entry, "restore", changed_at=at)
    _record(NotebookEntryRestored(entry=entry.pk), entry, by, at)


def _record(fact: NotebookFact, entry: NotebookEntry, by: Staff, at: datetime) -> None:
    facts.record(fact, community=entry.community, by=by, at=at)


def _normalised(fields: dict[str, Any]) -> dict[str, Any]:
    """Trim texts and read the value. Raises InvalidEntry for an unknown field."""
    _check_types(fields)
    given = {name: value for name, value in fields.items() if name != "day" or value}
    for name in LINES:
        if name in given:
            given[name] = names.clean(given[name] or "")
    for name in ("text", "effect"):
        if name in given:
            lines = (given[name] or "").replace("\r\n", "\n").replace("\r", "\n")
            given[name] = lines.strip()
    if "metric" in given:
        given["metric"] = find_metric(given["metric"])
    if isinstance(given.get("value"), str):
        given["value"] = parse_value(given["value"])
    elif given.get("value") is not None:
        given["value"] = parse_value(format(given["value"], "f"))
    if "tags" in given:
        cleaned = (names.clean(str(tag)) for tag in given["tags"] or ())
        given["tags"] = list(dict.fromkeys(tag for tag in cleaned if tag))
    return given


def _check_types(fields: Mapping[str, Any]) -> None:
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise InvalidEntry(
            _("An entry has no field “%(field)s”.") % {"field": min(unknown)}
        )
    for name, value in fields.items():
        is_number = isinstance(value, Decimal | int | float)
        if value is None or (name == "value" and is_number):
            continue
        if name == "day":
            # An empty text is today.
            value_types.check_day(value or FIRST_DAY, LABELS[name])
        elif name == "tags":
            value_types.check_texts(value, LABELS[name])
        else:
            value_types.check_text(value, LABELS[name])


def find_metric(text: str) -> str:
    """The name of our metric or ratio that is called so, else the text itself."""
    for each in (*RATIOS.values(), *METRICS.values()):
        if text.casefold() in (each.name, str(each.label).casefold()):
            return each.name
    return text


def _keep_own_fields(entry: NotebookEntry) -> None:
    """Empty what another kind of entry has, such as the value of a former benchmark."""
    for name in {name for own in OWN.values() for name in own}:
        if entry.kind in OWN and name not in OWN[entry.kind]:
            setattr(entry, name, None if name == "value" else "")


# Reads


def list_visible(
    by: Staff, *, archived: bool = False
) -> models.QuerySet[NotebookEntry]:
    """The entries of the community, the latest day first."""
    state = State.ARCHIVED if archived else State.ACTIVE
    rows = NotebookEntry.objects.filter(community=by.community, state=state)
    return rows.select_related("community", "by").order_by("-day", "-pk")


def get(*, by: Staff, pk: int) -> NotebookEntry:
    rows = NotebookEntry.objects.filter(community=by.community, pk=pk)
    for entry in rows.select_related("community", "by"):
        return entry
    raise EntryNotFound(_("There is no such entry."))


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Every word of `query` is in an entry; the others are empty for all."""

    query: str = ""
    kind: str = ""
    tag: str = ""
    archived: bool = False


def find(*, by: Staff, filters: Filters) -> list[NotebookEntry]:
    """The entries that fit, the latest day first."""
    rows = list_visible(by, archived=filters.archived)
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    words = filters.query.casefold().split()
    return [
        entry
        for entry in rows
        if (not filters.tag or filters.tag in entry.tags)
        and all(word in _searched_text(entry) for word in words)
    ]


def _searched_text(entry: NotebookEntry) -> str:
    parts = (entry.title, entry.text, entry.who, entry.effect, entry.source)
    more = (metric_label(entry.metric), entry.metric, entry.by.name, *entry.tags)
    return "\n".join((*parts, *more)).casefold()


def list_tags(by: Staff) -> list[str]:
    """The tags of entries that are not archived, in order."""
    lists = list_visible(by).values_list("tags", flat=True)
    return sorted({tag for tags in lists for tag in tags})


def metric_label(name: str) -> str:
    """The label of our metric or ratio in the current language, else the name itself."""
    entry = RATIOS.get(name) or METRICS.get(name)
    return str(entry.label) if entry else name


def load_benchmarks(*, by: Staff) -> dict[str, list[NotebookEntry]]:
    """Name of our metric or ratio → its benchmarks, the latest first."""
    found: dict[str, list[NotebookEntry]] = {}
    for entry in list_visible(by).filter(kind=Kind.BENCHMARK):
        if entry.metric in METRICS or entry.metric in RATIOS:
            found.setdefault(entry.metric, []).append(entry)
    return found


def format_value(entry: NotebookEntry) -> str:
    """Such as `3.2 %`, without zeros at the end."""
    if entry.value is None:
        return ""
    text = f"{entry.value:,f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text} {entry.unit}".strip().replace("-", "\N{MINUS SIGN}")
