"""The library of materials: what staff send. A message keeps the version it was sent with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import names, permissions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.insight.positioning import voice
from qunce.outreach.content import templates
from qunce.outreach.content.files import MANAGE
from qunce.outreach.content.materials import checks, kinds
from qunce.outreach.content.materials.models import (
    CONTENT_FIELDS,
    FIELDS,
    FileUse,
    Material,
    MaterialNotFound,
    MaterialVersion,
)

VOICED = {
    "title": gettext_lazy("The name"),
    "text": gettext_lazy("The text"),
    "points": gettext_lazy("The selling points"),
}
"""What members read of a material."""


@dataclass(frozen=True, kw_only=True)
class MaterialFact(facts.FactKind):
    """`material` is the id of the material, `version` the number of the version."""

    material: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MaterialCreated(MaterialFact):
    kind = "material.created"
    label = gettext_lazy("material created")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MaterialChanged(MaterialFact):
    kind = "material.changed"
    label = gettext_lazy("material changed")
    fields: list[str]
    version: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MaterialArchived(MaterialFact):
    kind = "material.archived"
    label = gettext_lazy("material archived")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MaterialRestored(MaterialFact):
    kind = "material.restored"
    label = gettext_lazy("material restored")


# Verbs


@transaction.atomic
def create(
    *, community: Community, kind: str, by: Staff, at: datetime, **fields: Any
) -> Material:
    """Create a material. `fields` are those of CONTENT_FIELDS and FIELDS."""
    permissions.check_may(by, MANAGE)
    given = _normalised(fields)
    material = Material(
        community=community, kind=kinds.get(kind).key, by=by,
        created_at=at, changed_at=at,
        **{name: given[name] for name in FIELDS if name in given},
    )  # fmt: skip
    checks.check_fields(material)
    content = _only_of(material, {name: given.get(name) for name in CONTENT_FIELDS})
    checks.check_content(material.type, content)
    _check_voice(material, content, VOICED)
    material.save()
    _add_version(material, content, by, at)
    facts.record(
        MaterialCreated(material=material.pk), community=community, by=by, at=at
    )
    return material


@transaction.atomic
def update(*, material: Material, by: Staff, at: datetime, **fields: Any) -> list[str]:
    """Change fields; returns the names of those that have a new value.

    New content becomes a new version. Messages that name an older one keep it.
    """
    permissions.check_may(by, MANAGE)
    checks.check_visible(material, by)
    fresh = Material.objects.select_for_update(of=("self",)).get(pk=material.pk)
    given = _normalised(fields)
    old = content_of(fresh.version)
    new = _only_of(
        fresh, {**old, **{n: given[n] for n in CONTENT_FIELDS if n in given}}
    )
    changed = [name for name in CONTENT_FIELDS if new[name] != old[name]]
    own = [n for n in FIELDS if n in given and given[n] != getattr(fresh, n)]
    if not changed and not own:
        return []
    for name in own:
        setattr(fresh, name, given[name])
    checks.check_fields(fresh)
    checks.check_content(fresh.type, new)
    _check_voice(fresh, new, [name for name in VOICED if name in changed])
    if changed:
        _add_version(fresh, new, by, at)
    fresh.changed_at = at
    fresh.save(update_fields=[*own, "changed_at"])
    for name in (*FIELDS, "changed_at", "current"):
        setattr(material, name, getattr(fresh, name))
    names_changed = sorted(changed + own)
    facts.record(
        MaterialChanged(
            material=fresh.pk, fields=names_changed, version=fresh.version.number
        ),
        community=fresh.community,
        by=by,
        at=at,
    )
    return names_changed


@transaction.atomic
def archive(*, material: Material, by: Staff, at: datetime) -> None:
    """Take a material out of the library; it cannot be sent any more."""
    _set_archived(material, at, by=by, at=at, fact=MaterialArchived)


@transaction.atomic
def restore(*, material: Material, by: Staff, at: datetime) -> None:
    _set_archived(material, None, by=by, at=at, fact=MaterialRestored)


def _set_archived(
    material: Material,
    value: datetime | None,
    *,
    by: Staff,
    at: datetime,
    fact: type[MaterialFact],
) -> None:
    permissions.check_may(by, MANAGE)
    checks.check_visible(material, by)
    rows = Material.objects.filter(pk=material.pk, archived_at__isnull=bool(value))
    changed = rows.update(archived_at=value)
    material.refresh_from_db(fields=["archived_at"])
    if changed:
        community = material.community
        facts.record(fact(material=material.pk), community=community, by=by, at=at)


def _add_version(
    material: Material, content: dict[str, Any], by: Staff, at: datetime
) -> None:
    number = material.version.number + 1 if material.current_id else 1
    values = {name: content[name] for name in CONTENT_FIELDS if name != "files"}
    version = MaterialVersion.objects.create(
        material=material, number=number, created_at=at, by=by, **values
    )
    FileUse.objects.bulk_create(
        FileUse(version=version, file=file, position=position)
        for position, file in enumerate(content["files"])
    )
    material.current = version
    material.save(update_fields=["current"])


def _check_voice(
    material: Material, content: dict[str, Any], names: Iterable[str]
) -> None:
    voice.check(material.community, [(VOICED[name], content[name]) for name in names])


def content_of(version: MaterialVersion) -> dict[str, Any]:
    return {name: getattr(version, name) for name in CONTENT_FIELDS}


def _only_of(material: Material, content: dict[str, Any]) -> dict[str, Any]:
    """The content with an empty value for what this kind does not have."""
    kind = material.type
    empty: dict[str, Any] = {"price": None, "files": []}
    result = {
        name: content[name]
        if content[name] is not None and (name == "files" or kind.has(name))
        else empty.get(name, "")
        for name in CONTENT_FIELDS
    }
    currency = content["currency"] or material.community.currency
    result["currency"] = currency if result["price"] is not None else ""
    return result


def _normalised(fields: dict[str, Any]) -> dict[str, Any]:
    """Unify line ends and trim names; texts keep every character."""
    clean = dict(fields)
    for name in ("text", "notes", "points"):
        if clean.get(name):
            clean[name] = templates.unify_line_ends(clean[name])
    for name in ("title", "folder", "origin", "licence"):
        if name in clean:
            clean[name] = names.clean(clean[name] or "")
    for name in ("url", "app_id", "app_path", "currency"):
        if name in clean:
            clean[name] = (clean[name] or "").strip()
    if clean.get("tags") is not None:
        tags = [names.clean(tag) for tag in clean["tags"]]
        clean["tags"] = list(dict.fromkeys(tag for tag in tags if tag))
    if isinstance(clean.get("licence_until"), datetime):
        clean["licence_until"] = clean["licence_until"].date()
    return clean


# Reads


def list_visible(by: Staff) -> models.QuerySet[Material]:
    """All materials of the community with their newest version, the newest first."""
    rows = Material.objects.filter(community=by.community)
    return (
        rows.select_related("community", "by", "current")
        .prefetch_related("current__file_uses__file__community")
        .order_by("-pk")
    )


def get(*, by: Staff, pk: int) -> Material:
    try:
        return list_visible(by).get(pk=pk)
    except Material.DoesNotExist:
        raise MaterialNotFound(_("There is no such material.")) from None


def get_versions(community: Community, pks: Iterable[int]) -> list[MaterialVersion]:
    """The versions with these ids, in this order; raises MaterialNotFound."""
    wanted = list(pks)
    found = find_versions(community, wanted)
    if len(found) < len(wanted):
        raise MaterialNotFound(_("There is no such material."))
    return found


def find_versions(community: Community, pks: Iterable[int]) -> list[MaterialVersion]:
    """The versions with these ids that there are, in this order."""
    wanted = list(pks)
    rows = MaterialVersion.objects.filter(
        material__community=community, pk__in=wanted
    ).select_related("material__community", "material__current")
    found = {row.pk: row for row in rows.prefetch_related("file_uses__file__community")}
    return [found[pk] for pk in wanted if pk in found]


def list_versions(material: Material) -> list[MaterialVersion]:
    """All versions, the newest first."""
    rows = material.versions.select_related("by").order_by("-number")
    return list(rows.prefetch_related("file_uses__file__community"))
