"""Group templates: the setup of a group, kept for the next hundred groups."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, names, permissions, personal_texts, text_validation
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups import group_cards, groups
from qunce.groups.groups import Group
from qunce.insight.positioning import voice
from qunce.outreach.group_templates import parts
from qunce.outreach.group_templates.models import GroupTemplate, GroupTemplateVersion
from qunce.outreach.group_templates.parts import card, roles
from qunce.outreach.group_templates.parts.base import InvalidGroupTemplate

MANAGE = permissions.declare(
    "group_templates.manage",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("write group templates"),
)
VIEW = permissions.declare(
    "group_templates.view",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    permissions.Role.VIEWER,
    label=gettext_lazy("see group templates and which groups follow them"),
)


@dataclass(frozen=True, kw_only=True)
class GroupTemplateFact(facts.FactKind):
    """`template` is the name of the template."""

    template: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupTemplateCreated(GroupTemplateFact):
    kind = "group_template.created"
    label = gettext_lazy("group template created")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupTemplateChanged(GroupTemplateFact):
    """`version` is the number of the newest version."""

    kind = "group_template.changed"
    label = gettext_lazy("group template changed")
    version: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupTemplateArchived(GroupTemplateFact):
    kind = "group_template.archived"
    label = gettext_lazy("group template archived")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupTemplateRestored(GroupTemplateFact):
    kind = "group_template.restored"
    label = gettext_lazy("group template restored")


class GroupTemplateNotFound(errors.NotFound):
    """There is no such group template in this community."""


class GroupTemplateAlreadyExists(errors.Refused):
    """A group template with this name already exists."""


class GroupTemplateNotInUse(errors.Refused):
    """An archived template is applied to no group."""


# Checks


def check_content(content: Any, community: Community) -> dict[str, dict[str, Any]]:
    """Return the parts that have fields; raises InvalidGroupTemplate with a sentence."""
    if not isinstance(content, Mapping):
        raise InvalidGroupTemplate(_("A template maps parts to their fields."))
    checked: dict[str, dict[str, Any]] = {}
    for key, fields in content.items():
        part = parts.find(str(key))
        if part is None:
            raise InvalidGroupTemplate(
                _("There is no part “%(part)s”. A template can have: %(parts)s.")
                % {
                    "part": str(key)[:80],
                    "parts": _(", ").join(each.key for each in parts.list_all()),
                }
            )
        if not isinstance(fields, Mapping):
            raise InvalidGroupTemplate(
                _("The part “%(part)s” maps fields to values.") % {"part": key}
            )
        part.check(fields, community)
        if fields:
            checked[key] = dict(fields)
    if not checked:
        raise InvalidGroupTemplate(
            _("The template has nothing that groups could get. Fill in a field.")
        )
    return checked


def check_in_use(template: GroupTemplate) -> None:
    if template.archived_at is not None:
        raise GroupTemplateNotInUse(
            _("“%(name)s” is archived. Restore it to apply it.") % {"name": template}
        )


def check_may_view(template: GroupTemplate, by: Staff) -> None:
    permissions.check_may(by, VIEW)
    if template.community_id != by.community_id:
        raise GroupTemplateNotFound(_("There is no such group template."))


def _check_voice(
    community: Community,
    content: Mapping[str, Mapping[str, Any]],
    before: Mapping[str, Mapping[str, Any]],
) -> None:
    """Raise NeverSaid for a new text of the card that says what is never said."""
    known = before.get(card.KEY, {})
    texts = [
        (group_cards.LABELS[name], str(text))
        for name, text in content.get(card.KEY, {}).items()
        if text != known.get(name)
    ]
    voice.check(community, texts)


def _check_name(name: str, community: Community, *, of: int = 0) -> str:
    name = names.clean(name)
    if not 1 <= len(name) <= 80 or not text_validation.is_valid(name):
        raise InvalidGroupTemplate(_("A name must be 1 to 80 characters long."))
    rows = GroupTemplate.objects.filter(community=community, name=name)
    if rows.exclude(pk=of).exists():
        raise GroupTemplateAlreadyExists(
            _("A group template “%(name)s” already exists.") % {"name": name}
        )
    return name


# Verbs


@transaction.atomic
def create(
    *, community: Community, name: str, content: Any, by: Staff, at: datetime
) -> GroupTemplate:
    """Create a template; `content` maps parts to fields, and fields to values."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    content = check_content(content, community)
    _check_voice(community, content, {})
    template = GroupTemplate.objects.create(
        community=community,
        name=_check_name(name, community),
        content=content,
        created_at=at,
        changed_at=at,
        by=by,
    )
    _add_version(template, by, at)
    _record(GroupTemplateCreated(template=template.name), template, by, at)
    return template


def copy_setup(
    *, group: Group, by: Staff, at: datetime, chosen: Collection[str] | None = None
) -> dict[str, dict[str, Any]]:
    """The content of a template that describes a group, of the chosen parts or all."""
    permissions.check_may(by, MANAGE)
    groups.check_visible(group, by)
    found = {
        part.key: part.copy(group, by, at)
        for part in parts.list_all()
        if part.is_visible_to(by)
        and (part.is_copied if chosen is None else part.key in chosen)
    }
    return {key: fields for key, fields in found.items() if fields}


@transaction.atomic
def update(
    *,
    template: GroupTemplate,
    by: Staff,
    at: datetime,
    name: str | None = None,
    content: Any = None,
) -> None:
    """Change the name or the content; new content is a new version.

    Groups stay as they are until the version is applied to them.
    """
    permissions.check_may(by, MANAGE)
    check_may_view(template, by)
    locked = GroupTemplate.objects.select_for_update(of=("self",)).get(pk=template.pk)
    changed = []
    if name is not None:
        name = _check_name(name, template.community, of=template.pk)
        if name != locked.name:
            locked.name, changed = name, ["name"]
    if content is not None:
        content = check_content(content, template.community)
        if content != locked.content:
            _check_voice(template.community, content, locked.content)
            locked.content, locked.version = content, locked.version + 1
            changed += ["content", "version"]
    if not changed:
        return
    locked.changed_at = at
    locked.save(update_fields=[*changed, "changed_at"])
    if "content" in changed:
        _add_version(locked, by, at)
    template.refresh_from_db()
    fact = GroupTemplateChanged(template=locked.name, version=locked.version)
    _record(fact, template, by, at)


def _add_version(template: GroupTemplate, by: Staff, at: datetime) -> None:
    GroupTemplateVersion.objects.create(
        template=template,
        number=template.version,
        content=template.content,
        created_at=at,
        by=by,
    )


@transaction.atomic
def archive(*, template: GroupTemplate, by: Staff, at: datetime) -> None:
    """Take a template out of use. Groups stay as they are, and go on following it."""
    _set_archived(template, at, GroupTemplateArchived(template=template.name), by, at)


@transaction.atomic
def restore(*, template: GroupTemplate, by: Staff, at: datetime) -> None:
    _set_archived(template, None, GroupTemplateRestored(template=template.name), by, at)


def _set_archived(
    template: GroupTemplate,
    value: datetime | None,
    fact: GroupTemplateFact,
    by: Staff,
    at: datetime,
) -> None:
    permissions.check_may(by, MANAGE)
    check_may_view(template, by)
    rows = GroupTemplate.objects.filter(pk=template.pk)
    if rows.filter(archived_at__isnull=bool(value)).update(archived_at=value):
        template.refresh_from_db(fields=["archived_at"])
        _record(fact, template, by, at)


def _record(
    fact: facts.FactKind, template: GroupTemplate, by: Staff, at: datetime
) -> None:
    facts.record(fact, community=template.community, by=by, at=at)


# Reads


def list_visible(
    by: Staff, *, archived: bool | None = False
) -> models.QuerySet[GroupTemplate]:
    """The templates by name: those in use, the archived ones, or with None all."""
    rows = GroupTemplate.objects.filter(community=by.community)
    if not permissions.may(by, VIEW):
        return rows.none()
    if archived is not None:
        rows = rows.filter(archived_at__isnull=not archived)
    return rows.select_related("community", "by").order_by("name", "pk")


def get(*, by: Staff, pk: int) -> GroupTemplate:
    for template in list_visible(by, archived=None).filter(pk=pk):
        return template
    raise GroupTemplateNotFound(_("There is no such group template."))


def visible_content(template: GroupTemplate, by: Staff) -> dict[str, dict[str, Any]]:
    """The parts that `by` may see, in their order."""
    check_may_view(template, by)
    return {
        part.key: template.content[part.key]
        for part in parts.list_all()
        if part.key in template.content and part.is_visible_to(by)
    }


def list_versions(*, template: GroupTemplate, by: Staff) -> list[GroupTemplateVersion]:
    """All versions, the newest first, with the parts that `by` may see."""
    check_may_view(template, by)
    visible = {part.key for part in parts.list_all() if part.is_visible_to(by)}
    rows = template.versions.select_related("by").order_by("-number")
    for row in rows:
        row.content = {key: row.content[key] for key in visible & set(row.content)}
    return list(rows)


def contents_by_version(templates: Iterable[int]) -> dict[tuple[int, int], Any]:
    """(template, number) → the content of that version."""
    rows = GroupTemplateVersion.objects.filter(template__in=set(templates))
    return {
        (template, number): content
        for template, number, content in rows.values_list(
            "template_id", "number", "content"
        )
    }


# Erasing


@personal_texts.register
def forget_person(person: personal_texts.ErasedPerson) -> None:
    """Take an erased person out of the roles that templates give."""
    fields = {f"{roles.PERSON}{account}" for account in person.accounts}
    for model, community in (
        (GroupTemplate, "community_id"),
        (GroupTemplateVersion, "template__community_id"),
    ):
        for row in model._default_manager.filter(**{community: person.community_id}):
            given = row.content.get("roles", {})
            left = {name: role for name, role in given.items() if name not in fields}
            if left != given:
                row.content = {**row.content, "roles": left}
                row.save(update_fields=["content"])
