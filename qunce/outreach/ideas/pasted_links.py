"""Pasted text: each of its links becomes an idea, and the worker reads the page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.core import names, permissions, text_validation
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.content.materials.models import ContentType
from qunce.outreach.ideas import ideas, links
from qunce.outreach.ideas.documents.results import PagePreview
from qunce.outreach.ideas.links import PastedLink
from qunce.outreach.ideas.models import (
    MAX_NOTE_LENGTH,
    MAX_TITLE_LENGTH,
    MAX_URL_LENGTH,
    Idea,
    InvalidIdea,
    LinkReading,
    Source,
)

MAX_PASTED_LENGTH, MAX_LINKS = 20_000, 50


@dataclass(frozen=True)
class Pasted:
    """`added` are new; `known` were in the box already, perhaps archived."""

    added: list[Idea]
    known: list[Idea]


@transaction.atomic
def paste(
    *,
    community: Community,
    text: str,
    by: Staff,
    at: datetime,
    content_type: str = ContentType.KNOWLEDGE.value,
) -> Pasted:
    """Add an idea for each link of a text. The rest of a link's line becomes its note."""
    ideas.check_may_manage(by)
    permissions.check_community(by, community.pk)
    ideas.check_content_type(content_type)
    found = _find_links(text)
    keys = [links.key_of(link.url) for link in found]
    known = ideas.find_by_links(community, keys)
    ideas.check_has_room(community, len(set(keys) - known.keys()))
    added = []
    for key, link in zip(keys, found, strict=True):
        if key in known:
            continue
        idea = Idea(
            community=community,
            title=links.short_form(link.url, MAX_TITLE_LENGTH),
            note=link.text[:MAX_NOTE_LENGTH],
            url=link.url,
            content_type=content_type,
            source=Source.LINK,
            by=by,
        )
        added.append(ideas.store(idea, by=by, at=at))
        LinkReading.objects.create(idea=idea, url=idea.url, due_at=at)
    return Pasted(added, [known[key] for key in keys if key in known])


def _find_links(text: str) -> list[PastedLink]:
    if len(text) > MAX_PASTED_LENGTH or not text_validation.is_valid(text):
        raise InvalidIdea(
            _("Paste at most %(most)s characters of plain text.")
            % {"most": f"{MAX_PASTED_LENGTH:,}"}
        )
    found = links.find_all(text)
    if not found:
        raise InvalidIdea(
            _("There is no link in this text. A link begins with https:// or http://.")
        )
    if len(found) > MAX_LINKS:
        raise InvalidIdea(
            _("Paste at most %(most)s links at once; these are %(n)s.")
            % {"most": MAX_LINKS, "n": len(found)}
        )
    if any(len(link.url) > MAX_URL_LENGTH for link in found):
        raise InvalidIdea(
            _("A link can have at most %(most)s characters.")
            % {"most": f"{MAX_URL_LENGTH:,}"}
        )
    return found


@transaction.atomic
def read_again(*, idea: Idea, by: Staff, at: datetime) -> None:
    """Let the worker read the page of an idea's link next."""
    ideas.check_may_manage(by, idea)
    if not idea.url:
        raise InvalidIdea(_("The idea has no link. Add one first."))
    LinkReading.objects.update_or_create(
        idea=idea,
        defaults={
            "url": idea.url,
            "due_at": at,
            "attempts": 0,
            "error": "",
            "status": 0,
            "lease": "",
        },
    )


def store_preview(idea: Idea, preview: PagePreview, *, at: datetime) -> None:
    """Fill in what staff have not written. The caller holds the lease of the reading."""
    changes: dict[str, str] = {}
    if preview.title and idea.title == links.short_form(idea.url, MAX_TITLE_LENGTH):
        changes["title"] = names.clean(preview.title)
    if preview.description and not idea.note:
        changes["note"] = preview.description
    if preview.picture_url:
        changes["picture_url"] = preview.picture_url
    if changes:
        rows = Idea.objects.filter(pk=idea.pk, url=idea.url)
        rows.update(**changes, changed_at=at)
