"""Remark names: what a member is called in staff's contacts, made from a pattern.

A pattern such as `{subject}-{stage|new}-{name}` contains variables. The text after the
bar is used if the variable has no value. A variable with neither is left out, together
with the separator before it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from qunce.core import communities, errors, permissions, personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import masking
from qunce.members.attributes import attributes
from qunce.members.people.people import Person
from qunce.members.tags.models import Tagging, TagGroup

MANAGE = permissions.declare(
    "remark_names.manage",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("set the remark pattern"),
)
DEFAULT_PATTERN = "{name}"
DEFAULT_MAX_LENGTH = 20
"""Characters of a remark that WeChat and WeCom show."""
VARIABLE = re.compile(r"\{([^{}|]*)(?:\|([^{}|]*))?\}")
SEPARATORS = " -_·/|,，、:："


@personal_texts.erased_in("text")
class RemarkPattern(models.Model):
    """The pattern of a community; DEFAULT_PATTERN if it has no row."""

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
    """The pattern has unmatched braces or unknown variables."""


# Pure


@dataclass(frozen=True)
class PatternPart:
    """Plain text, or a variable `name` with `text` as its default."""

    text: str
    name: str = ""


def parse(pattern: str) -> list[PatternPart]:
    """The parts of a pattern; raises InvalidPattern for unmatched braces."""
    parts, end = [], 0
    for match in VARIABLE.finditer(pattern):
        parts += [PatternPart(pattern[end : match.start()])]
        parts += [PatternPart(match[2] or "", match[1].strip())]
        end = match.end()
    parts.append(PatternPart(pattern[end:]))
    for index, part in enumerate(parts):
        # Text and variables alternate, so a variable at an odd index needs a name.
        if set("{}") & set(part.text) or (index % 2 and not part.name):
            raise InvalidPattern(
                _(
                    "There is an unmatched brace at “%(text)s”. Write variables like {name}."
                )
                % {"text": part.text.strip()[:20] or "{}"}
            )
    return [part for part in parts if part.text or part.name]


def render(
    parts: Sequence[PatternPart], values: Mapping[str, str], max_length: int
) -> str:
    """The remark name, truncated to `max_length` characters."""
    remark = ""
    for part in parts:
        text = (values.get(part.name) or part.text) if part.name else part.text
        if part.name and not text:
            remark = remark.rstrip(SEPARATORS)
        remark += text
    # Variables that are missing at the start leave a separator in front.
    remark = " ".join(remark.split()).strip(SEPARATORS)
    return remark[:max_length].rstrip(SEPARATORS)


# Checks


def check(community: Community, pattern: str) -> list[PatternPart]:
    """The parts of a pattern whose variables all exist; raises InvalidPattern."""
    parts = parse(pattern.strip())
    if not any(part.name for part in parts) or len(pattern) > 200:
        raise InvalidPattern(
            _(
                "A pattern can have at most 200 characters and must contain a "
                "variable such as {name}."
            )
        )
    variables = list_variables(community)
    for part in parts:
        if part.name and part.name not in variables:
            raise InvalidPattern(
                _("There is no variable “%(name)s”. Available variables: %(all)s.")
                % {"name": part.name, "all": ", ".join(variables)}
            )
    return parts


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
    pattern, _created = RemarkPattern.objects.update_or_create(
        community=community,
        defaults={"text": text.strip(), "max_length": max_length, "at": at, "by": by},
    )
    fact = PatternChanged(pattern=pattern.text)
    facts.record(fact, community=community, by=by, at=at)
    return pattern


# Reads


def list_variables(community: Community) -> dict[str, str]:
    """Variable → its label: fields, then attributes, then tag groups."""
    variables = {
        "name": pgettext("person", "Name"),
        "key": _("Member key"),
        "joined": _("Join date"),
    }
    for attribute in attributes.list_all(community):
        variables.setdefault(attribute.name, attribute.label)
    for group in TagGroup.objects.filter(community=community).order_by("key"):
        variables.setdefault(group.key, group.name)
    return variables


def get_pattern(community: Community) -> RemarkPattern:
    pattern = RemarkPattern.objects.filter(community=community).first()
    return pattern or RemarkPattern(community=community, text=DEFAULT_PATTERN)


def render_for(person: Person, *, by: Staff, text: str | None = None) -> str:
    """The remark name of one person by the community's pattern, or by `text`."""
    pattern = get_pattern(by.community)
    parts = parse(pattern.text if text is None else text)
    accounts = [account.pk for account in person.accounts]
    taggings = Tagging.objects.filter(account_id__in=accounts, present=True)
    rows = taggings.filter(tag__group__key__in=[part.name for part in parts])
    # Tag groups, then attributes, then fields, each of which overrides the ones before.
    # The deepest tag is used where a group allows several.
    values: dict[str, str] = {}
    for row in rows.select_related("tag__group").order_by(
        "-weight", "-tagged_at", "tag_id"
    ):
        if row.tag.group is not None:
            values.setdefault(row.tag.group.key, row.tag.name)
    values |= {name: value.text for name, value in person.attributes.items()}
    joined = person.joined_at.astimezone(communities.zone(by.community)).date()
    values |= {
        "name": person.name,
        "key": masking.key(person.accounts[0].key, by),
        "joined": joined.isoformat(),
    }
    return render(parts, values, pattern.max_length) or person.name
