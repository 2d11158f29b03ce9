"""The board of wishes and pains: who asked for what, what became of it, and the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core import errors, names, permissions, text_validation
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff.models import Staff
from qunce.groups import message_quotes
from qunce.groups import visibility as group_visibility
from qunce.groups.message_quotes import Quote
from qunce.groups.wishes.models import (
    MAX_TEXT,
    MAX_TITLE,
    STATES,
    STEP_TO,
    Kind,
    State,
    Wish,
    WishVoice,
)
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

VIEW = permissions.declare(
    "wishes.view",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    permissions.Role.VIEWER,
    label=gettext_lazy("see the board of wishes"),
)
EDIT = permissions.declare(
    "wishes.edit",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("write on the board of wishes"),
)
LABELS: dict[str, StrOrPromise] = {
    "kind": gettext_lazy("Kind"),
    "title": pgettext_lazy("wish", "In short"),
    "text": gettext_lazy("Note"),
    "answer": pgettext_lazy("wish", "Answer to those who asked"),
}
FIELDS = tuple(LABELS)
LENGTHS = {"title": MAX_TITLE, "text": MAX_TEXT, "answer": MAX_TEXT}
MAX_WISHES, MAX_VOICES = 2_000, 20_000


@dataclass(frozen=True, kw_only=True)
class WishFact(facts.FactKind):
    """`wish` is the number of the wish; what it says is not repeated."""

    labels = {
        "wish": gettext_lazy("number of the wish"),
        "state": gettext_lazy("state"),
        "into": gettext_lazy("number of the other wish"),
    }
    instead = gettext_lazy("Do it on the board of wishes, or through the API.")
    wish: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WishCreated(WishFact):
    kind = "wish.created"
    label = gettext_lazy("wish written down")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WishChanged(WishFact):
    kind = "wish.changed"
    label = gettext_lazy("wish changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WishVoiced(WishFact):
    kind = "wish.voiced"
    label = gettext_lazy("asked for a wish")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WishVoiceRemoved(WishFact):
    kind = "wish.voice_removed"
    label = gettext_lazy("does not ask for a wish")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WishStateChanged(WishFact):
    kind = "wish.state_changed"
    label = gettext_lazy("state of a wish changed")
    state: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WishesMerged(WishFact):
    kind = "wish.merged"
    label = gettext_lazy("wishes merged")
    into: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class WishesSeparated(WishFact):
    kind = "wish.separated"
    label = gettext_lazy("merged wishes separated")


class WishNotFound(errors.NotFound):
    """There is no such wish in this community."""


class InvalidWish(errors.Invalid):
    """A field of a wish is missing or cannot be stored."""


class WishIsMerged(errors.Refused):
    """The wish says the same as another one, and has no state of its own."""


# Checks


def check_may_edit(by: Staff, wish: Wish | None = None) -> None:
    permissions.check_may(by, EDIT)
    if wish is not None and wish.community_id != by.community_id:
        raise WishNotFound(_("There is no such wish."))


def _check_not_merged(wish: Wish) -> None:
    if wish.merged_into_id is not None:
        raise WishIsMerged(
            _(
                "This wish is merged with another one. Change that one, or separate them."
            )
        )


def _clean(fields: dict[str, Any]) -> dict[str, Any]:
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise InvalidWish(
            _("A wish has no field “%(field)s”.") % {"field": min(unknown)}
        )
    cleaned = dict(fields)
    for name, limit in LENGTHS.items():
        if name not in cleaned:
            continue
        text = (cleaned[name] or "").replace("\r\n", "\n").strip()
        text = names.clean(text) if name == "title" else text
        if len(text) > limit or not text_validation.is_valid(text):
            raise InvalidWish(
                _("%(field)s can have at most %(most)s characters; it has %(n)s.")
                % {"field": LABELS[name], "most": f"{limit:,}", "n": f"{len(text):,}"}
            )
        cleaned[name] = text
    if cleaned.get("kind", Kind.WISH) not in Kind.values:
        raise InvalidWish(
            _("Choose a kind: %(kinds)s.")
            % {"kinds": _(", ").join(str(kind.label) for kind in Kind)}
        )
    if not cleaned.get("title", "x"):
        raise InvalidWish(_("“%(field)s” is required.") % {"field": LABELS["title"]})
    return cleaned


# Verbs


@transaction.atomic
def create(
    *,
    community: Community,
    title: str,
    by: Staff,
    at: datetime,
    message: int | None = None,
    account: int | None = None,
    **fields: Any,
) -> Wish:
    """Write a wish down; `message` and `account` are its first voice."""
    check_may_edit(by)
    permissions.check_community(by, community.pk)
    cleaned = _clean({"title": title, **fields})
    if Wish.objects.filter(community=community).count() >= MAX_WISHES:
        raise InvalidWish(
            _("The board holds at most %(most)s wishes.") % {"most": f"{MAX_WISHES:,}"}
        )
    wish = Wish.objects.create(
        community=community, by=by, created_at=at, changed_at=at, **cleaned
    )
    _record(WishCreated(wish=wish.pk), wish, by, at)
    if message is not None or account is not None:
        add_voice(wish=wish, message=message, account=account, by=by, at=at)
    return wish


@transaction.atomic
def update(*, wish: Wish, by: Staff, at: datetime, **fields: Any) -> list[str]:
    """Change fields; returns the names of those that have a new value."""
    check_may_edit(by, wish)
    cleaned = _clean(fields)
    fresh = Wish.objects.select_for_update(of=("self",)).get(pk=wish.pk)
    changed = sorted(n for n, value in cleaned.items() if getattr(fresh, n) != value)
    if not changed:
        return []
    Wish.objects.filter(pk=wish.pk).update(**cleaned, changed_at=at)
    wish.refresh_from_db()
    _record(WishChanged(wish=wish.pk, fields=changed), wish, by, at)
    return changed


@transaction.atomic
def change_state(*, wish: Wish, state: str, by: Staff, at: datetime) -> None:
    """Set what becomes of a wish; any state may follow any other."""
    check_may_edit(by, wish)
    _check_not_merged(wish)
    if state not in State.values:
        raise InvalidWish(
            _("Choose a state: %(states)s.") % {"states": ", ".join(State.values)}
        )
    if wish.state == state:
        return
    STATES.transition(wish, STEP_TO[state], changed_at=at)
    _record(WishStateChanged(wish=wish.pk, state=state), wish, by, at)


@transaction.atomic
def add_voice(
    *,
    wish: Wish,
    by: Staff,
    at: datetime,
    message: int | None = None,
    account: int | None = None,
) -> WishVoice:
    """Note that a member asked for a wish: by the id of a message's text, or by account."""
    check_may_edit(by, wish)
    _check_not_merged(wish)
    quote = None
    if message is not None:
        quote = message_quotes.get(by=by, pk=message, at=at)
        account = quote.account
    if account is None:
        raise InvalidWish(_("Name the message, or the member who asked."))
    visibility.check_visible(by=by, accounts=[account], at=at)
    if wish.voices.count() >= MAX_VOICES:
        raise InvalidWish(
            _("A wish has at most %(most)s voices.") % {"most": f"{MAX_VOICES:,}"}
        )
    voice, is_new = WishVoice.objects.get_or_create(
        wish=wish,
        account_id=account,
        source_id=quote.source if quote else 0,
        key=quote.key if quote else "",
        defaults={
            "origin": wish,
            "group_id": (quote.group if quote else 0) or 0,
            "at": quote.happened_at if quote else at,
            "by": by,
        },
    )
    if is_new:
        _record(
            WishVoiced(wish=wish.pk, account=account, group=voice.group_id or None),
            wish,
            by,
            at,
        )
    return voice


@transaction.atomic
def remove_voice(*, wish: Wish, voice: int, by: Staff, at: datetime) -> None:
    """Remove a voice that was added by mistake."""
    check_may_edit(by, wish)
    for row in _heard(wish.voices.all(), by).filter(pk=voice):
        visibility.check_visible(by=by, accounts=[row.account_id], at=at)
        fact = WishVoiceRemoved(wish=wish.pk, account=row.account_id)
        row.delete()
        _record(fact, wish, by, at)
        return
    raise WishNotFound(_("There is no such voice."))


@transaction.atomic
def merge(*, wish: Wish, into: Wish, by: Staff, at: datetime) -> None:
    """Merge a wish into another one that says the same, with its voices."""
    for each in (wish, into):
        check_may_edit(by, each)
        _check_not_merged(each)
    if wish.pk == into.pk:
        raise InvalidWish(_("Choose another wish to merge with."))
    known = set(into.voices.values_list("account_id", "source_id", "key"))
    for voice in wish.voices.order_by("pk"):
        if (voice.account_id, voice.source_id, voice.key) not in known:
            WishVoice.objects.filter(pk=voice.pk).update(wish=into)
    rows = Wish.objects.filter(pk=wish.pk, merged_into__isnull=True)
    rows.update(merged_into=into, changed_at=at)
    Wish.objects.filter(merged_into=wish).update(merged_into=into)
    wish.refresh_from_db()
    _record(WishesMerged(wish=wish.pk, into=into.pk), wish, by, at)


@transaction.atomic
def separate(*, wish: Wish, by: Staff, at: datetime) -> None:
    """Undo a merge: the wish is on the board again, with the voices that it had."""
    check_may_edit(by, wish)
    if wish.merged_into_id is None:
        raise WishIsMerged(_("This wish is not merged with another one."))
    WishVoice.objects.filter(wish=wish.merged_into_id, origin=wish).update(wish=wish)
    wish.merged_into, wish.changed_at = None, at
    wish.save(update_fields=["merged_into", "changed_at"])
    _record(WishesSeparated(wish=wish.pk), wish, by, at)


def clear_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to erased members: remove their voices."""
    accounts = [fact.account for fact in facts if fact.account is not None]
    for chunk in account_queries.chunks(accounts, size=900):
        WishVoice.objects.filter(
            wish__community=community, account_id__in=chunk
        ).delete()


def _record(fact: WishFact, wish: Wish, by: Staff, at: datetime) -> None:
    facts.record(fact, community=wish.community, by=by, at=at)


# Reads


def get(*, by: Staff, pk: int) -> Wish:
    permissions.check_may(by, VIEW)
    rows = Wish.objects.filter(community=by.community)
    related = rows.select_related("community", "by", "merged_into")
    found = related.filter(pk=pk).first() if 0 < pk < 2**63 else None
    if found is None:
        raise WishNotFound(_("There is no such wish."))
    return found


@dataclass(frozen=True)
class Counted:
    """A wish and how many distinct members whom `by` sees asked for it."""

    wish: Wish
    members: int


def list_counted(
    *, by: Staff, at: datetime, state: str = "", kind: str = "", query: str = ""
) -> list[Counted]:
    """The wishes that are not merged, those of most members first."""
    permissions.check_may(by, VIEW)
    rows = Wish.objects.filter(community=by.community, merged_into__isnull=True)
    if state:
        rows = rows.filter(state=state)
    if kind:
        rows = rows.filter(kind=kind)
    for word in query.split()[:5]:
        rows = rows.filter(
            models.Q(title__icontains=word) | models.Q(text__icontains=word)
        )
    listed = list(rows.select_related("community", "by"))
    people = _people_by_wish([wish.pk for wish in listed], by, at)
    counted = [Counted(wish, len(people.get(wish.pk, ()))) for wish in listed]
    return sorted(counted, key=lambda each: (-each.members, -each.wish.pk))


def _heard(rows: models.QuerySet[WishVoice], by: Staff) -> models.QuerySet[WishVoice]:
    """The voices from groups that `by` sees, or from none."""
    if by.groups is None:
        return rows
    seen = [0, *group_visibility.list_visible(by).values_list("pk", flat=True)]
    return rows.filter(group_id__in=seen)


def _people_by_wish(ids: list[int], by: Staff, at: datetime) -> dict[int, set[int]]:
    voices: list[tuple[int, int]] = []
    for chunk in account_queries.chunks(ids):
        rows = _heard(WishVoice.objects.filter(wish__in=chunk), by)
        voices += rows.values_list("wish_id", "account_id")
    person_of = account_queries.person_ids(account for _wish, account in voices)
    among = visibility.among(by, at)
    found: dict[int, set[int]] = {}
    for wish, account in voices:
        person = person_of[account]
        if among is None or person in among:
            found.setdefault(wish, set()).add(person)
    return found


def list_people(*, wish: Wish, by: Staff, at: datetime) -> list[int]:
    """The distinct members who asked for a wish and whom `by` sees."""
    permissions.check_may(by, VIEW)
    if wish.community_id != by.community_id:
        raise WishNotFound(_("There is no such wish."))
    return sorted(_people_by_wish([wish.pk], by, at).get(wish.pk, ()))


@dataclass(frozen=True)
class Voice:
    """`quote` is None if no message is named, or its text is deleted or hidden."""

    row: WishVoice
    quote: Quote | None


def list_voices(
    *, wish: Wish, by: Staff, at: datetime, limit: int = 200
) -> list[Voice]:
    """The voices of members whom `by` sees, the newest first."""
    permissions.check_may(by, VIEW)
    if wish.community_id != by.community_id:
        raise WishNotFound(_("There is no such wish."))
    heard = _heard(wish.voices.all(), by)
    rows = list(heard.order_by("-at", "-pk")[: 5 * limit])
    among = visibility.among(by, at)
    if among is not None:
        people = account_queries.person_ids(row.account_id for row in rows)
        rows = [row for row in rows if people[row.account_id] in among]
    rows = rows[:limit]
    refs = [(row.source_id, row.key) for row in rows if row.key]
    quotes = message_quotes.load(refs, by=by, at=at)
    return [Voice(row, quotes.get((row.source_id, row.key))) for row in rows]
