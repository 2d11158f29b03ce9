"""Checks of materials: what can be stored, and what can be sent now."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from qunce.core import communities, money
from qunce.core.guards import use_checks
from qunce.core.staff.models import Staff
from qunce.outreach.content import files, templates
from qunce.outreach.content.files import Depth, StoredFile
from qunce.outreach.content.materials import kinds
from qunce.outreach.content.materials.kinds import MaterialKind
from qunce.outreach.content.materials.models import (
    MAX_PATH_LENGTH,
    MAX_TEXT_LENGTH,
    MAX_URL_LENGTH,
    ContentType,
    InvalidMaterial,
    Material,
    MaterialNotFound,
    MaterialNotSendable,
    MaterialVersion,
)

MAX_TAGS, MAX_TAG_LENGTH = 20, 40
APP_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def why_not_sendable(material: Material, at: datetime) -> str:
    """The sentence why a material cannot be sent at `at`; "" if it can."""
    name = {"name": material.version.title}
    if material.archived_at is not None:
        return _("“%(name)s” is archived and cannot be sent.") % name
    if is_licence_expired(material, at):
        return _(
            "The licence of “%(name)s” ended on %(day)s, so it cannot be sent. Renew "
            "the licence or choose another material."
        ) % {**name, "day": material.licence_until}
    if material.stock == 0:
        return _("“%(name)s” is sold out and cannot be sent.") % name
    if why_not := use_checks.why_not_usable("material", material.pk):
        return _("“%(name)s” cannot be sent. %(reason)s") % {**name, "reason": why_not}
    return ""


def why_version_not_sendable(
    version: MaterialVersion, at: datetime, depth: Depth = Depth.CONTENT
) -> str:
    """The same for a version, whose files may be missing or damaged on the disk."""
    if reason := why_not_sendable(version.material, at):
        return reason
    damages = (files.find_damage(file, depth) for file in version.files)
    return next((damage.text for damage in damages if damage), "")


def check_sendable(version: MaterialVersion, at: datetime) -> None:
    if reason := why_version_not_sendable(version, at):
        raise MaterialNotSendable(reason)


def is_licence_expired(material: Material, at: datetime) -> bool:
    until = material.licence_until
    return (
        until is not None
        and until < at.astimezone(communities.zone(material.community)).date()
    )


def check_visible(material: Material, by: Staff) -> None:
    if material.community_id != by.community_id:
        raise MaterialNotFound(_("There is no such material."))


def _check_text(label: str, text: str, limit: int) -> None:
    if len(text) > limit:
        raise InvalidMaterial(
            _("%(field)s can have at most %(most)s characters; it has %(n)s.")
            % {"field": label, "most": f"{limit:,}", "n": f"{len(text):,}"}
        )
    if templates.CONTROL_CHARACTERS.search(text):
        raise InvalidMaterial(
            _("%(field)s contains a character that cannot be sent.") % {"field": label}
        )


def check_content(kind: MaterialKind, content: dict[str, Any]) -> None:
    if not content["title"]:
        raise InvalidMaterial(_("Give the material a name."))
    labels = {
        "title": (_("The name"), 80),
        "text": (_("The text"), MAX_TEXT_LENGTH),
        "notes": (_("The notes"), MAX_TEXT_LENGTH),
        "points": (_("The selling points"), MAX_TEXT_LENGTH),
        "url": (_("The link"), MAX_URL_LENGTH),
        "app_id": (_("The AppID"), 64),
        "app_path": (_("The page of the mini-program"), MAX_PATH_LENGTH),
    }
    for field, (label, limit) in labels.items():
        _check_text(label, content[field], limit)
    for alternatives in kind.needs:
        if all(content[field] in (None, "", []) for field in alternatives):
            wanted = [str(kinds.FIELD_LABELS[name]) for name in alternatives]
            raise InvalidMaterial(
                _("A material of the kind “%(kind)s” needs %(what)s.")
                % {"kind": kind.label, "what": _(" or ").join(wanted)}
            )
    check_url(content["url"])
    if content["app_id"] and not APP_ID.fullmatch(content["app_id"]):
        raise InvalidMaterial(
            _("An AppID has letters and digits only, such as wx0123456789abcdef.")
        )
    if content["app_path"] and re.search(r"\s|^https?:", content["app_path"]):
        raise InvalidMaterial(
            _("The page of a mini-program is a path, such as pages/item?id=1.")
        )
    if content["price"] is not None and not 0 <= content["price"] <= money.MAX_AMOUNT:
        raise InvalidMaterial(_("A price must be 0 or more."))
    _check_files(kind, content["files"])


def check_url(url: str) -> None:
    """Raise InvalidMaterial unless a link is empty or a complete web address."""
    try:
        parts = urlsplit(url)
        is_complete = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_complete = False
    if url and (not is_complete or re.search(r"\s", url)):
        raise InvalidMaterial(
            _(
                "“%(url)s” is not a complete link. It must begin with https:// or http://."
            )
            % {"url": url[:80]}
        )


def _check_files(kind: MaterialKind, chosen: Sequence[StoredFile]) -> None:
    if len(chosen) > kind.files:
        raise InvalidMaterial(
            _("A material of the kind “%(kind)s” can have %(most)s files.")
            % {"kind": kind.label, "most": kind.files}
        )
    for file in chosen:
        if file.family not in kind.families:
            raise InvalidMaterial(
                _("“%(name)s” is not a file of the kind “%(kind)s”.")
                % {"name": file.name, "kind": kind.label}
            )


def check_fields(material: Material) -> None:
    if material.content_type not in ContentType.values:
        raise InvalidMaterial(
            _("Choose a content type: %(types)s.")
            % {"types": _(", ").join(str(c.label) for c in ContentType)}
        )
    for label, text, limit in (
        (_("The folder"), material.folder, 80),
        (_("The origin"), material.origin, 200),
        (_("The licence"), material.licence, 200),
        *((_("A tag"), tag, MAX_TAG_LENGTH) for tag in material.tags),
    ):
        _check_text(label, text, limit)
    if len(material.tags) > MAX_TAGS:
        raise InvalidMaterial(
            _("A material can have at most %(most)s tags.") % {"most": MAX_TAGS}
        )
    if material.stock is not None and material.kind != "product":
        raise InvalidMaterial(_("Only products have a stock."))
    if material.stock is not None and not 0 <= material.stock < 2**31:
        raise InvalidMaterial(_("A stock must be 0 or more."))


def licence_day(text: str) -> date | None:
    """The day of a text such as 2026-12-31; None if it is empty."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidMaterial(
            _("“%(text)s” is not a day. Write it as 2026-12-31.") % {"text": text[:40]}
        ) from None
