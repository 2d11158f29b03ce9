"""Badges: a few letters that members keep, awarded by a rule or by hand, once a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.activities.levels import level_facts
from qunce.activities.levels.models import (
    MAX_LETTERS,
    MAX_NAME,
    MAX_TEXT,
    Badge,
    BadgeAward,
)
from qunce.core import db, errors, names, permissions, revisions, text_validation
from qunce.core.facts import facts
from qunce.core.prepared_queries import Ids, PreparedQuery
from qunce.core.staff import models as staff_models
from qunce.core.unique_keys import unused_key
from qunce.groups import working_people
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.sets import audiences

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

REVISION = "badge"
MAX_BADGES = 200
AWARDS_PER_TRANSACTION = 1_000
FIELDS: dict[str, StrOrPromise] = {
    "name": gettext_lazy("Name"),
    "letters": pgettext_lazy("badge", "Letters"),
    "description": gettext_lazy("Description"),
    "rule": pgettext_lazy("badge", "Awarded to"),
}


class InvalidBadge(errors.Invalid):
    """A field of a badge cannot be stored; `field` is its name."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class BadgeNotFound(errors.NotFound):
    """There is no such badge in this community."""


class BadgeRefused(errors.Refused):
    """The badge cannot be awarded or revoked now."""


# Checks


def check_may_manage(by: Staff, badge: Badge | None = None) -> None:
    permissions.check_may(by, level_facts.MANAGE)
    if badge is not None and badge.community_id != by.community_id:
        raise BadgeNotFound(_("There is no such badge."))


def check_may_award(by: Staff, badge: Badge, account_id: int, at: datetime) -> None:
    permissions.check_may(by, level_facts.AWARD)
    if badge.community_id != by.community_id:
        raise BadgeNotFound(_("There is no such badge."))
    visibility.check_visible(by=by, accounts=[account_id], at=at)


def _check(badge: Badge, by: Staff) -> None:
    for name, least, most in (
        ("name", 1, MAX_NAME),
        ("letters", 1, MAX_LETTERS),
        ("description", 0, MAX_TEXT),
    ):
        text = names.clean(getattr(badge, name))
        if not least <= len(text) <= most or not text_validation.is_valid(text):
            raise InvalidBadge(
                name,
                _("“%(field)s” has %(least)s to %(most)s characters.")
                % {"field": FIELDS[name], "least": least, "most": most},
            )
        setattr(badge, name, text)
    if badge.rule is not None:
        audiences.check(community=badge.community, rule=badge.rule, by=by)


def clean_reason(reason: str, *, is_required: bool) -> str:
    reason = names.clean(reason)
    if len(reason) > MAX_TEXT or not text_validation.is_valid(reason):
        raise InvalidBadge(
            "reason",
            _("“Reason” can have at most %(most)s characters; it has %(n)s.")
            % {"most": MAX_TEXT, "n": f"{len(reason):,}"},
        )
    if is_required and not reason:
        raise InvalidBadge("reason", _("Enter a reason."))
    return reason


# Verbs


@transaction.atomic
def create(
    *,
    community: Community,
    name: str,
    letters: str,
    by: Staff,
    at: datetime,
    description: str = "",
    rule: Any = None,
    key: str = "",
) -> Badge:
    """Create a badge. A rule awards it to members only once it is switched on."""
    check_may_manage(by)
    permissions.check_community(by, community.pk)
    used = set(Badge.objects.filter(community=community).values_list("key", flat=True))
    if len(used) >= MAX_BADGES:
        raise InvalidBadge(
            "name", _("There can be at most %(n)s badges.") % {"n": MAX_BADGES}
        )
    badge = Badge(
        community=community,
        name=name,
        letters=letters,
        description=description,
        rule=rule,
        created_at=at,
        changed_at=at,
        by=by,
    )
    _check(badge, by)
    badge.key = unused_key((key or "badge")[:50], used)
    badge.save()
    _record(level_facts.BadgeDefined(badge=badge.key), badge, by, at)
    return badge


@transaction.atomic
def update(*, badge: Badge, by: Staff, at: datetime, **fields: Any) -> None:
    """Change a badge. Members who have it keep it, also if the rule changes."""
    check_may_manage(by, badge)
    fresh = Badge.objects.select_for_update(of=("self",)).get(pk=badge.pk)
    _check_not_archived(fresh)
    if unknown := set(fields) - set(FIELDS):
        raise InvalidBadge(
            min(unknown),
            _("A badge has no field “%(field)s”.") % {"field": min(unknown)},
        )
    before = {field: getattr(fresh, field) for field in FIELDS}
    for field, value in fields.items():
        setattr(fresh, field, value)
    _check(fresh, by)
    if before == {field: getattr(fresh, field) for field in FIELDS}:
        return
    fresh.is_on = fresh.is_on and fresh.rule is not None
    fresh.changed_at, fresh.problem, fresh.by = at, "", by
    fresh.save()
    badge.refresh_from_db()
    _record(level_facts.BadgeDefined(badge=badge.key), badge, by, at)


@transaction.atomic
def switch(*, badge: Badge, is_on: bool, by: Staff, at: datetime) -> None:
    """Let the rule award the badge from now on, or stop it. Members keep the badge."""
    check_may_manage(by, badge)
    _check_not_archived(badge)
    if is_on and badge.rule is None:
        raise InvalidBadge("rule", _("Write a rule first, or award it by hand."))
    rows = Badge.objects.filter(pk=badge.pk, is_on=not is_on)
    if rows.update(is_on=is_on, changed_at=at, problem=""):
        _record(level_facts.BadgeDefined(badge=badge.key), badge, by, at)
    badge.refresh_from_db()


@transaction.atomic
def archive(*, badge: Badge, by: Staff, at: datetime) -> None:
    """Archive a badge permanently. Members keep it."""
    check_may_manage(by, badge)
    rows = Badge.objects.filter(pk=badge.pk, archived_at__isnull=True)
    if rows.update(archived_at=at, changed_at=at, is_on=False):
        badge.refresh_from_db()
        _record(level_facts.BadgeArchived(badge=badge.key), badge, by, at)


@transaction.atomic
def award(
    *, badge: Badge, account_id: int, by: Staff, at: datetime, reason: str = ""
) -> BadgeAward:
    """Award a badge by hand, also one that was revoked before; once a person."""
    check_may_award(by, badge, account_id, at)
    _check_not_archived(badge)
    reason = clean_reason(reason, is_required=False)
    if working_people.find([account_id]):
        raise BadgeRefused(_("People who work here have no badges."))
    rev = revisions.bump(badge.community_id, REVISION, [badge.pk])[badge.pk]
    rows = list(_of_person(badge, account_id).select_for_update())
    for row in rows:
        if row.revoked_at is None:
            return row
    if rows:
        row = rows[0]
        row.revoked_at = row.revoked_by = None
        row.revoke_reason, row.reason, row.by, row.at = "", reason, by, at
        row.rev = rev
        row.save()
    else:
        person = account_queries.person_ids([account_id])[account_id]
        row = BadgeAward.objects.create(
            badge=badge,
            account_id=account_id,
            person_id=person,
            at=at,
            by=by,
            reason=reason,
            rev=rev,
        )
    fact = level_facts.BadgeAwarded(account=row.account_id, badge=badge.key)
    _record(fact, badge, by, at)
    return row


@transaction.atomic
def revoke(
    *, badge: Badge, account_id: int, by: Staff, at: datetime, reason: str
) -> None:
    """Take a badge away, with a reason. No rule awards it to this person again."""
    check_may_award(by, badge, account_id, at)
    reason = clean_reason(reason, is_required=True)
    rev = revisions.bump(badge.community_id, REVISION, [badge.pk])[badge.pk]
    rows = _of_person(badge, account_id).filter(revoked_at__isnull=True)
    if rows.update(revoked_at=at, revoked_by=by, revoke_reason=reason, rev=rev):
        fact = level_facts.BadgeRevoked(account=account_id, badge=badge.key)
        _record(fact, badge, by, at)


def award_due(*, at: datetime) -> int:
    """Award badges to members whom their rules describe; a job. Returns how many."""
    rows = Badge.objects.filter(is_on=True, archived_at__isnull=True)
    done = 0
    for badge in rows.select_related("community").order_by("pk"):
        system = staff_models.system(badge.community)
        try:
            people = audiences.people(
                community=badge.community, rule=badge.rule, by=system, at=at
            )
        except errors.QunceError as error:
            # Such as a tag that was archived since; the page of the badge shows it.
            Badge.objects.filter(pk=badge.pk).update(problem=str(error)[:300])
            continue
        if badge.problem:
            Badge.objects.filter(pk=badge.pk).update(problem="")
        done += _award_many(badge, people, at)
    return done


def _award_many(badge: Badge, people: Iterable[int], at: datetime) -> int:
    had = account_queries.person_ids(
        BadgeAward.objects.filter(badge=badge).values_list("account_id", flat=True)
    )
    new, done = sorted(set(people) - set(had.values())), 0
    for chunk in account_queries.chunks(new, AWARDS_PER_TRANSACTION):
        with transaction.atomic():
            # Of two processes, one waits here and finds what the other has awarded.
            rev = revisions.bump(badge.community_id, REVISION, [badge.pk])[badge.pk]
            known = BadgeAward.objects.filter(badge=badge, person_id__in=chunk)
            has = set(known.values_list("person_id", flat=True))
            chosen = [person for person in chunk if person not in has]
            BadgeAward.objects.bulk_create(
                BadgeAward(
                    badge=badge, account_id=person, person_id=person, at=at, rev=rev
                )
                for person in chosen
            )
            facts.record_many(
                [
                    level_facts.BadgeAwarded(account=person, badge=badge.key)
                    for person in chosen
                ],
                community=badge.community,
                by=None,
                at=at,
            )
            done += len(chosen)
    return done


def _of_person(badge: Badge, account_id: int) -> QuerySet[BadgeAward]:
    own = account_queries.account_ids_of_person(account_id)
    rows = BadgeAward.objects.filter(badge=badge)
    return rows.filter(Q(account_id__in=own) | Q(person_id__in=own)).order_by("pk")


def _check_not_archived(badge: Badge) -> None:
    if badge.archived_at is not None:
        raise BadgeRefused(_("This badge is archived. Create another one."))


def _record(fact: facts.FactKind, badge: Badge, by: Staff, at: datetime) -> None:
    facts.record(fact, community=badge.community, by=by, at=at)


# Reads


def list_all(by: Staff) -> list[Badge]:
    """The badges that are not archived, for staff who may award them."""
    if not permissions.may(by, level_facts.MANAGE):
        permissions.check_may(by, level_facts.AWARD)
    rows = Badge.objects.filter(community=by.community_id, archived_at__isnull=True)
    return list(rows.select_related("community").order_by("name", "pk"))


def count_awards(by: Staff) -> dict[int, int]:
    """How many members have each badge, by its id; for staff who see everyone."""
    check_may_manage(by)
    rows = BadgeAward.objects.filter(
        badge__community=by.community_id, revoked_at__isnull=True
    )
    return dict(rows.values_list("badge").annotate(Count("person_id", distinct=True)))


def get(*, by: Staff, pk: int) -> Badge:
    if not permissions.may(by, level_facts.MANAGE):
        permissions.check_may(by, level_facts.AWARD)
    rows = Badge.objects.filter(community=by.community_id, pk=pk)
    badge = rows.select_related("community").first()
    if badge is None:
        raise BadgeNotFound(_("There is no such badge."))
    return badge


def get_by_key(by: Staff, key: str) -> Badge:
    if not permissions.may(by, level_facts.MANAGE):
        permissions.check_may(by, level_facts.AWARD)
    rows = Badge.objects.filter(community=by.community_id, key=key)
    badge = rows.select_related("community").first()
    if badge is None:
        raise BadgeNotFound(_("There is no badge “%(key)s”.") % {"key": key})
    return badge


def list_of_person(accounts: Sequence[int]) -> list[BadgeAward]:
    """The badges that a person has, with these accounts, oldest first; each one once."""
    found: dict[int, BadgeAward] = {}
    for row in _OF_PERSON.all(accounts=list(accounts)):
        found.setdefault(row.badge_id, row)
    return list(found.values())


_OF_PERSON = PreparedQuery(
    lambda: (
        BadgeAward.objects.filter(
            account_id__in=Ids("accounts"), revoked_at__isnull=True
        )
        .select_related("badge", "by")
        .order_by("at", "pk")
    )
)


def list_awards(
    *, badge: Badge, by: Staff, at: datetime, limit: int = 100
) -> list[BadgeAward]:
    """The last awards of a badge, to members whom `by` sees, revoked ones too."""
    get(by=by, pk=badge.pk)
    rows = BadgeAward.objects.filter(badge=badge).select_related("by", "revoked_by")
    found = list(rows.order_by("-at", "-pk")[: limit * (10 if by.is_scoped else 1)])
    seen = visibility.filter_visible(
        by=by, accounts=[row.account_id for row in found], at=at
    )
    people = account_queries.person_ids(row.account_id for row in found)
    return [row for row in found if people[row.account_id] in seen][:limit]


def read_accounts(badge: int) -> list[int]:
    """The accounts that have a badge."""
    rows = db.rows(
        "SELECT account_id FROM level_badge_award"
        " WHERE badge_id = %s AND revoked_at IS NULL",
        [badge],
    )
    return [row[0] for row in rows]
