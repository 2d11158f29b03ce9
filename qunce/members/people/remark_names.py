"""Remark names: what a member is called in staff's contacts, made from a pattern (K14).

A pattern such as `{subject}-{stage|new}-{name}` names what is known of a member; behind
the bar stands what is written when it is not known. What is not known and has nothing
behind a bar goes, with the separator before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from qunce.core import communities, errors, permissions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import masking
from qunce.members.attributes import attributes
from qunce.members.people.people import Person
from qunce.members.tags import models as tag_models
from qunce.members.tags.models import Tagging

MANAGE = permissions.declare("remark_names.manage", permissions.Role.MANAGER)
DEFAULT_PATTERN = "{name}"
FIXED = ("name", "key", "joined")
DEFAULT_MAX_LENGTH = 20
"""Characters that WeChat and WeCom show of a remark."""
PART = re.compile(r"\{([^{}|]*)(?:\|([^{}|]*))?\}")
SEPARATORS = " -_·/|,，、:："


class RemarkPattern(models.Model):
    """One a community; without a row it is `USUAL`."""

    community = models.OneToOneField(Community, models.PROTECT, related_name="+")
    text = models.CharField(max_length=200)
    max_length = models.PositiveSmallIntegerField(default=DEFAULT_MAX_LENGTH)
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+", db_index=False)

    def __str__(self) -> str:
        return self.text


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PatternChanged(facts.FactKind):
    kind = "remark_name.pattern_changed"
    label = gettext_lazy("remark pattern set")
    pattern: str


class InvalidPattern(errors.Invalid):
    """A pattern names what is known of members, in braces."""


# Pure


@dataclass(frozen=True)
class PatternPart:
    """Plain text, or with a `name` what is known, or else `text`."""

    text: str
    name: str = ""


def parse(pattern: str) -> list[PatternPart]:
    pieces, end = [], 0
    for found in PART.finditer(pattern):
        pieces += [PatternPart(pattern[end : found.start()])]
        pieces += [PatternPart(found[2] or "", found[1].strip())]
        end = found.end()
    pieces.append(PatternPart(pattern[end:]))
    for place, piece in enumerate(pieces):
        if set("{}") & set(piece.text) or (place % 2 and not piece.name):
            raise InvalidPattern(
                _(
                    "There is an unmatched brace at “%(text)s”. Write variables like {name}."
                )
                % {"text": piece.text.strip()[:20] or "{}"}
            )
    return [piece for piece in pieces if piece.text or piece.name]


def render(
    pieces: Sequence[PatternPart], values: Mapping[str, str], max_length: int
) -> str:
    """The remark, cut at `max_length` characters; a gap takes its separator with it."""
    said = ""
    for piece in pieces:
        text = (values.get(piece.name) or piece.text) if piece.name else piece.text
        if piece.name and not text:
            said = said.rstrip(SEPARATORS)
        said += text
    return " ".join(said.split()).strip(SEPARATORS)[:max_length].rstrip(SEPARATORS)


# Checks


def check(community: Community, pattern: str) -> list[PatternPart]:
    """Refuses what is not written well and names that nobody knows."""
    pieces = parse(pattern.strip())
    if not any(piece.name for piece in pieces) or len(pattern) > 200:
        raise InvalidPattern(
            _(
                "A pattern can have at most 200 characters and must contain a "
                "variable such as {name}."
            )
        )
    known = list_variables(community)
    for piece in pieces:
        if piece.name and piece.name not in known:
            raise InvalidPattern(
                _("There is no variable “%(name)s”. Available variables: %(all)s.")
                % {"name": piece.name, "all": ", ".join(known)}
            )
    return pieces


# Verbs


@transaction.atomic
def set_pattern(
    *,
    community: Community,
    text: str,
    by: Staff,
    at: datetime,
    max_length: int = DEFAULT_MAX_LENGTH,
) -> RemarkPattern:
    permissions.check_may(by, MANAGE)
    check(community, text)
    about = {"text": text.strip(), "max_length": max_length, "at": at, "by": by}
    pattern, _made = RemarkPattern.objects.update_or_create(
        community=community, defaults=about
    )
    event = PatternChanged(pattern=pattern.text)
    facts.record(event, community=community, by=by, at=at)
    return pattern


# Reads


def list_variables(community: Community) -> dict[str, str]:
    """What a pattern may name, and how that is called: fields, attributes, tag groups."""
    found = {
        "name": pgettext("person", "Name"),
        "key": _("Member key"),
        "joined": _("Join date"),
    }
    for attribute in attributes.list_all(community):
        found.setdefault(attribute.name, attribute.label)
    groups = tag_models.TagGroup.objects.filter(community=community).order_by("key")
    for group in groups:
        found.setdefault(group.key, group.name)
    return found


def get_pattern(community: Community) -> RemarkPattern:
    found = RemarkPattern.objects.filter(community=community).first()
    return found or RemarkPattern(community=community, text=DEFAULT_PATTERN)


def render_for(person: Person, *, by: Staff, text: str | None = None) -> str:
    """The remark of one person by the community's pattern, or by `text`."""
    pattern = get_pattern(by.community)
    pieces = parse(pattern.text if text is None else text)
    wanted = {piece.name for piece in pieces if piece.name}
    values = _values(person, by, wanted)
    return render(pieces, values, pattern.max_length) or person.name


def _values(person: Person, by: Staff, wanted: Iterable[str]) -> dict[str, str]:
    """Fields first, then attributes, then tags of a group, as `names` lists them."""
    day = person.joined_at.astimezone(communities.zone(by.community)).date()
    values = _tags(person, wanted)
    values |= {name: held.text for name, held in person.attributes.items()}
    first = person.accounts[0]
    return values | {
        "name": person.name,
        "key": masking.key(first.key, by),
        "joined": day.isoformat(),
    }


def _tags(person: Person, wanted: Iterable[str]) -> dict[str, str]:
    """Tag group → its tag on this person, the deepest where it allows several."""
    family = [account.pk for account in person.accounts]
    rows = Tagging.objects.filter(account_id__in=family, present=True)
    rows = rows.filter(tag__group__key__in=list(wanted)).select_related("tag__group")
    found: dict[str, str] = {}
    for row in rows.order_by("-weight", "-tagged_at", "tag_id"):
        if row.tag.group is not None:
            found.setdefault(row.tag.group.key, row.tag.name)
    return found
