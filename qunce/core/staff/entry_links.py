"""Entry links: a manager lets one person in for one purpose, by a link or a QR code.

The token is signed and the row has a nonce, so that nothing secret is stored and a token
from a restored database opens nothing else. Opening the link for the first time binds it
to that device. The session may do what the link's role and the person both may.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import audit, facts
from qunce.core.staff import sessions
from qunce.core.staff.models import Staff

SALT = "entry link"
MAX_VALIDITY = timedelta(days=7)
SESSION_LENGTH = timedelta(hours=12)
"""How long the session lasts that a link begins."""
ROLES = (permissions.Role.OPERATOR, permissions.Role.VIEWER)
ENTERED = audit.declare("staff.entered", gettext_lazy("entered by a link"))


class Purpose(models.TextChoices):
    SIDEBAR = "sidebar", gettext_lazy("sidebar")
    TASKS = "tasks", gettext_lazy("staff tasks")


class EntryLink(models.Model):
    """`session` is the digest of the key of the session that it began."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="entry_links")
    role = models.CharField(max_length=20, choices=permissions.Role.choices)
    purpose = models.CharField(max_length=20, choices=Purpose.choices)
    nonce = models.CharField(max_length=22)
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+", db_index=False)
    expires_at = timestamps.TimestampField()
    used_at = timestamps.TimestampField(null=True)
    session = models.CharField(max_length=40, default="", blank=True)
    revoked_at = timestamps.TimestampField(null=True)

    class Meta:
        db_table = "core_entry_link"

    def __str__(self) -> str:
        return f"{self.staff} / {self.purpose}"

    def state(self, at: datetime) -> str:
        """One of revoked, used, ended, expired and open."""
        if self.revoked_at is not None:
            return "revoked"
        if self.used_at is not None:
            return "used" if at < self.used_at + SESSION_LENGTH else "ended"
        return "open" if at < self.expires_at else "expired"


@facts.declare
@dataclass(frozen=True, kw_only=True)
class EntryLinkCreated(facts.FactKind):
    kind = "entry_link.created"
    label = gettext_lazy("entry link created")
    link: int
    name: str
    role: str
    purpose: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class EntryLinkRevoked(facts.FactKind):
    kind = "entry_link.revoked"
    label = gettext_lazy("entry link revoked")
    link: int
    name: str


class EntryLinkNotFound(errors.NotFound):
    """There is no such entry link, or its signature is not ours."""


class EntryLinkClosed(errors.Refused):
    """The link has expired, was revoked, or is bound to another device."""


class InvalidEntryLink(errors.Invalid):
    """The role, purpose or validity of a link is not possible."""


# Checks


def check_new(
    *, staff: Staff, role: str, purpose: str, valid_for: timedelta, by: Staff
) -> None:
    permissions.check_manage_staff(by, staff)
    if not staff.is_active or staff.is_system:
        raise InvalidEntryLink(
            _("%(name)s is deactivated and cannot sign in.") % {"name": staff.name}
        )
    if role not in ROLES or purpose not in Purpose.values:
        raise InvalidEntryLink(_("Choose a role and a purpose."))
    if not timedelta(0) < valid_for <= MAX_VALIDITY:
        raise InvalidEntryLink(
            _("A link can be valid for at most %(n)s days.") % {"n": MAX_VALIDITY.days}
        )


def check_open(link: EntryLink, at: datetime) -> None:
    """Raise EntryLinkClosed unless the link can begin a session now."""
    state = link.state(at)
    is_backed = permissions.may_manage_staff(link.by, link.staff)
    if state == "open" and link.staff.is_active and is_backed:
        return
    reasons = {
        "revoked": _("This link was revoked."),
        "used": _("This link was already opened on another device."),
        "ended": _("This link was already used, and its time is over."),
        "expired": _("This link has expired."),
    }
    if not is_backed:
        # Otherwise links would outlive the rights of whoever made them.
        reasons["open"] = _(
            "The person who made this link is no longer allowed to make one."
        )
    why = reasons.get(state, _("This account is deactivated."))
    ask = _("Ask %(name)s for a new one.") % {"name": link.by.name}
    raise EntryLinkClosed(f"{why} {ask}")


# Verbs


@transaction.atomic
def create(
    *,
    staff: Staff,
    role: str,
    purpose: str,
    valid_for: timedelta,
    by: Staff,
    at: datetime,
) -> EntryLink:
    """Create a link for one person; `token_of` returns what its address contains."""
    check_new(staff=staff, role=role, purpose=purpose, valid_for=valid_for, by=by)
    link = EntryLink.objects.create(
        community=staff.community,
        staff=staff,
        role=role,
        purpose=purpose,
        nonce=secrets.token_urlsafe(16),
        created_at=at,
        by=by,
        expires_at=at + valid_for,
    )
    fact = EntryLinkCreated(link=link.pk, name=staff.name, role=role, purpose=purpose)
    facts.record(fact, community=link.community, by=by, at=at)
    return link


@transaction.atomic
def revoke(*, link: EntryLink, by: Staff, at: datetime) -> None:
    """Close a link and end the session that it began."""
    permissions.check_manage_staff(by, link.staff)
    rows = EntryLink.objects.filter(pk=link.pk, revoked_at__isnull=True)
    if not rows.update(revoked_at=at):
        return
    link.refresh_from_db()
    if link.session:
        sessions.end(link.staff, link.session)
    fact = EntryLinkRevoked(link=link.pk, name=link.staff.name)
    facts.record(fact, community=link.community, by=by, at=at)


@transaction.atomic
def use(*, link: EntryLink, address: str, at: datetime) -> None:
    """Bind the link to the device that opens it; raises EntryLinkClosed.

    Of two devices that open it at the same time, one gets in.
    """
    check_open(link, at)
    rows = EntryLink.objects.filter(
        pk=link.pk,
        used_at__isnull=True,
        revoked_at__isnull=True,
        expires_at__gt=timestamps.to_micros(at),
    )
    if not rows.update(used_at=at):
        link.refresh_from_db()
        check_open(link, at)
    link.used_at = at
    detail = {"link": link.pk, "purpose": link.purpose, "address": address}
    audit.log(
        kind=ENTERED, community=link.community, by=link.staff, at=at, detail=detail
    )


def bind_session(link: EntryLink, session_key: str) -> None:
    """Store which session the link began, so that revoking ends it."""
    EntryLink.objects.filter(pk=link.pk).update(session=sessions.digest(session_key))


# Reads


def token_of(link: EntryLink) -> str:
    return signing.dumps([link.pk, link.nonce], salt=SALT, compress=False)


def get_by_token(token: str) -> EntryLink:
    """The link of a token that we signed; raises EntryLinkNotFound."""
    try:
        pk, nonce = signing.loads(token, salt=SALT)
        return _rows().get(pk=pk, nonce=nonce)
    except (signing.BadSignature, ValueError, TypeError, EntryLink.DoesNotExist):
        raise EntryLinkNotFound(
            _("There is no such link. Check that it was copied in full.")
        ) from None


def find_active(pk: int, at: datetime) -> EntryLink | None:
    """The link of a session, unless it was revoked or its time is over."""
    for link in _rows().filter(pk=pk):
        return link if link.state(at) == "used" else None
    return None


def get(*, by: Staff, pk: int) -> EntryLink:
    """A link to staff whom `by` manages; raises EntryLinkNotFound."""
    permissions.check_manage_staff(by)
    for link in _rows().filter(community=by.community, pk=pk):
        return link
    raise EntryLinkNotFound(_("There is no such link."))


def list_all(*, by: Staff, limit: int = 100) -> list[EntryLink]:
    """The newest links of the community."""
    permissions.check_manage_staff(by)
    return list(_rows().filter(community=by.community).order_by("-pk")[:limit])


def _rows() -> models.QuerySet[EntryLink]:
    return EntryLink.objects.select_related(
        "staff__community", "staff__custom_role", "by", "community"
    )
