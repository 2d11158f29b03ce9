"""The idea box: what might become a material, from the first note until it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import names, permissions, text_validation
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.outreach.content import templates
from qunce.outreach.content.files import MANAGE
from qunce.outreach.content.materials.models import ContentType
from qunce.outreach.ideas import links
from qunce.outreach.ideas.models import (
    MAX_NOTE_LENGTH,
    MAX_OPEN_IDEAS,
    MAX_TAG_LENGTH,
    MAX_TAGS,
    MAX_TITLE_LENGTH,
    MAX_URL_LENGTH,
    STATES,
    Idea,
    IdeaAlreadyExists,
    IdeaChangedSince,
    IdeaNotFound,
    InvalidIdea,
    LinkReading,
    Source,
    State,
)

FIELDS = ("title", "note", "url", "content_type", "tags", "day", "source")
BY_STAFF = (Source.HAND, Source.LINK, Source.HOT_TOPIC)
"""Sources that staff may choose; the others are set by what brings the idea."""
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)


@dataclass(frozen=True, kw_only=True)
class IdeaFact(facts.FactKind):
    """`idea` is the id of the idea, `name` its title."""

    idea: int
    name: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class IdeaCreated(IdeaFact):
    kind = "idea.created"
    label = gettext_lazy("idea added")
    source: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class IdeaChanged(IdeaFact):
    kind = "idea.changed"
    label = gettext_lazy("idea changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class IdeaMoved(IdeaFact):
    """`message` is the first message that was sent with it, 0 if staff moved it."""

    kind = "idea.moved"
    label = gettext_lazy("idea moved to another state")
    from_state: str
    to_state: str
    message: int = 0


# Checks


def check_may_manage(by: Staff, idea: Idea | None = None) -> None:
    """Raise NotAllowed without the permission, IdeaNotFound for another community's."""
    permissions.check_may(by, MANAGE)
    if idea is not None and idea.community_id != by.community_id:
        raise IdeaNotFound(_("There is no such idea."))


def check_fields(idea: Idea) -> None:
    """Raise InvalidIdea for the first field that cannot be stored."""
    if not idea.title:
        raise InvalidIdea(_("Give the idea a title."))
    limits = (
        (_("The title"), idea.title, MAX_TITLE_LENGTH),
        (_("The note"), idea.note, MAX_NOTE_LENGTH),
        (_("The link"), idea.url, MAX_URL_LENGTH),
    )
    for label, text, limit in limits:
        if len(text) > limit or not text_validation.is_valid(text):
            raise InvalidIdea(
                _("%(field)s can have at most %(most)s characters; it has %(n)s.")
                % {"field": label, "most": f"{limit:,}", "n": f"{len(text):,}"}
                if len(text) > limit
                else _("%(field)s contains a character that cannot be stored.")
                % {"field": label}
            )
    if idea.url and not links.is_complete(idea.url):
        raise InvalidIdea(
            _(
                "“%(url)s” is not a complete link. It must begin with https:// or http://."
            )
            % {"url": idea.url[:80]}
        )
    check_content_type(idea.content_type)
    check_tags(idea.tags)
    if idea.day is not None and not FIRST_DAY <= idea.day <= LAST_DAY:
        raise InvalidIdea(
            _("The day must be between %(first)s and %(last)s.")
            % {"first": FIRST_DAY, "last": LAST_DAY}
        )


def check_content_type(content_type: str) -> None:
    if content_type not in ContentType.values:
        raise InvalidIdea(
            _("Choose a content type: %(types)s.")
            % {"types": _(", ").join(str(c.label) for c in ContentType)}
        )


def check_tags(tags: list[str]) -> None:
    if len(tags) > MAX_TAGS:
        raise InvalidIdea(
            _("An idea can have at most %(most)s tags.") % {"most": MAX_TAGS}
        )
    for tag in tags:
        if len(tag) > MAX_TAG_LENGTH or not text_validation.is_valid(tag):
            raise InvalidIdea(
                _("A tag has at most %(most)s characters.") % {"most": MAX_TAG_LENGTH}
            )


def check_has_room(community: Community, wanted: int = 1) -> None:
    if count_open(community) + wanted > MAX_OPEN_IDEAS:
        raise InvalidIdea(
            _(
                "The box holds at most %(most)s ideas that are not used yet. Archive some "
                "of them first."
            )
            % {"most": f"{MAX_OPEN_IDEAS:,}"}
        )


def clean_tags(tags: Any) -> list[str]:
    cleaned = (names.clean(str(tag)) for tag in tags or ())
    return list(dict.fromkeys(tag for tag in cleaned if tag))


# Verbs


@transaction.atomic
def create(*, community: Community, by: Staff, at: datetime, **fields: Any) -> Idea:
    """Add an idea. `fields` are those of FIELDS; only the title is required.

    Raises IdeaAlreadyExists if there is one with the same link, also an archived one.
    """
    check_may_manage(by)
    permissions.check_community(by, community.pk)
    given = _normalised(fields)
    check_source(given.setdefault("source", Source.HAND.value))
    idea = Idea(community=community, by=by, **with_defaults(given))
    return store(idea, by=by, at=at)


def check_source(source: str) -> None:
    if source not in BY_STAFF:
        raise InvalidIdea(
            _("Choose a source: %(sources)s.")
            % {"sources": _(", ").join(str(each.label) for each in BY_STAFF)}
        )


def with_defaults(given: dict[str, Any]) -> dict[str, Any]:
    return {"content_type": ContentType.KNOWLEDGE.value, **given}


def store(idea: Idea, *, by: Staff, at: datetime) -> Idea:
    """Store a new idea, in the caller's transaction and after the caller's check."""
    idea.url_key = links.key_of(idea.url) if links.is_complete(idea.url) else ""
    check_fields(idea)
    check_has_room(idea.community)
    idea.created_at = idea.changed_at = at
    _check_link_is_new(idea)
    try:
        with transaction.atomic():
            idea.save()
    except IntegrityError:
        _check_link_is_new(idea)
        raise IdeaAlreadyExists(_("This is in the box already.")) from None
    fact = IdeaCreated(idea=idea.pk, name=idea.title, source=idea.source)
    facts.record(fact, community=idea.community, by=by, at=at)
    return idea


def _check_link_is_new(idea: Idea) -> None:
    known = find_by_links(idea.community, [idea.url_key]).get(idea.url_key)
    if known is None or known.pk == idea.pk:
        return
    if known.archived_at is not None:
        text = _("This link is in the box already, archived: “%(title)s”.")
    else:
        text = _("This link is in the box already: “%(title)s”.")
    raise IdeaAlreadyExists(text % {"title": known.title})


@transaction.atomic
def update(*, idea: Idea, by: Staff, at: datetime, **fields: Any) -> list[str]:
    """Change fields; returns the names of those that have a new value."""
    check_may_manage(by, idea)
    fresh = Idea.objects.select_for_update(of=("self",)).get(pk=idea.pk)
    given = _normalised(fields)
    changed = sorted(n for n in FIELDS if n in given and given[n] != getattr(fresh, n))
    if not changed:
        return []
    if "source" in changed:
        check_source(given["source"])
        check_source(fresh.source)
    for name in changed:
        setattr(fresh, name, given[name])
    check_fields(fresh)
    fresh.url_key, fresh.changed_at = links.key_of(fresh.url), at
    _check_link_is_new(fresh)
    if "url" in changed:
        # What was read belongs to the page of the old link.
        fresh.picture_url = ""
        LinkReading.objects.filter(idea=fresh).delete()
    fresh.save(update_fields=[*changed, "url_key", "picture_url", "changed_at"])
    for name in (*FIELDS, "url_key", "picture_url", "changed_at"):
        setattr(idea, name, getattr(fresh, name))
    fact = IdeaChanged(idea=idea.pk, name=idea.title, fields=changed)
    facts.record(fact, community=idea.community, by=by, at=at)
    return changed


@transaction.atomic
def move(
    *, idea: Idea, to: str, by: Staff, at: datetime, expected: str | None = None
) -> None:
    """Move an idea to another state. `expected` is the state in which it was shown."""
    check_may_manage(by, idea)
    if to not in State.values:
        raise InvalidIdea(
            _("Choose a state: %(states)s.") % {"states": _(", ").join(State.values)}
        )
    if idea.archived_at is not None:
        raise InvalidIdea(_("The idea is archived. Restore it first."))
    if expected is not None and idea.state != expected:
        raise IdeaChangedSince(
            _("“%(title)s” is already in the state “%(state)s”.")
            % {"title": idea.title, "state": State(idea.state).label}
        )
    transition(idea, to, by=by, at=at)


def transition(
    idea: Idea, to: str, *, by: Staff, at: datetime, message: int = 0
) -> None:
    """Change the state and record it, in the caller's transaction and after its check."""
    origin = idea.state
    STATES.transition(idea, to, changed_at=at)
    fact = IdeaMoved(
        idea=idea.pk, name=idea.title, from_state=origin, to_state=to, message=message
    )
    facts.record(fact, community=idea.community, by=by, at=at)


def _normalised(fields: dict[str, Any]) -> dict[str, Any]:
    """Unify line ends and trim names. Raises InvalidIdea for a field that there is not."""
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise InvalidIdea(
            _("An idea has no field “%(field)s”.") % {"field": min(unknown)}
        )
    clean = dict(fields)
    if "title" in clean:
        clean["title"] = names.clean(clean["title"] or "")
    if "note" in clean:
        clean["note"] = templates.unify_line_ends(clean["note"] or "").strip()
    if "url" in clean:
        clean["url"] = (clean["url"] or "").strip()
    if "tags" in clean:
        clean["tags"] = clean_tags(clean["tags"])
    return clean


# Reads


def list_visible(by: Staff) -> models.QuerySet[Idea]:
    """All ideas of the community, the last changed first."""
    rows = Idea.objects.filter(community=by.community)
    return rows.select_related(
        "community", "by", "feed", "request", "material__current", "reading"
    ).order_by("-changed_at", "-pk")


def get(*, by: Staff, pk: int) -> Idea:
    for idea in list_visible(by).filter(pk=pk):
        return idea
    raise IdeaNotFound(_("There is no such idea."))


def find_by_links(community: Community, keys: list[str]) -> dict[str, Idea]:
    """Key of a link → its idea, also an archived one."""
    wanted = [key for key in keys if key]
    rows = Idea.objects.filter(community=community, url_key__in=wanted)
    return {row.url_key: row for row in rows}


def count_open(community: Community) -> int:
    rows = Idea.objects.filter(community=community, archived_at__isnull=True)
    return rows.exclude(state=State.USED).count()
