"""Texts that mean "none" in cells of keys and identifiers: the usual ones and a
community's own."""

from __future__ import annotations

from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import db, errors, permissions
from qunce.core.communities import Community
from qunce.core.facts import audit
from qunce.core.staff.models import Staff
from qunce.members.accounts import identifiers
from qunce.members.accounts.models import Placeholder

EDIT = permissions.declare(
    "members.edit_identity",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("change how identifiers are read"),
)
ADDED = audit.declare("placeholder.added", gettext_lazy("placeholder added"))
DELETED = audit.declare("placeholder.deleted", gettext_lazy("placeholder deleted"))


class InvalidPlaceholder(errors.Invalid):
    """A placeholder is a short text that is not one already."""


class PlaceholderNotFound(errors.NotFound):
    """There is no such placeholder in this community."""


@transaction.atomic
def add(*, community: Community, text: str, by: Staff, at: datetime) -> Placeholder:
    """Make this text mean "none" from now on; what is stored stays as it is."""
    permissions.check_may(by, EDIT)
    folded = identifiers.clean(text).casefold()
    if not folded or len(folded) > identifiers.MAX_LENGTH:
        raise InvalidPlaceholder(_("Enter a text of 1 to 200 characters."))
    if folded in identifiers.DEFAULT_PLACEHOLDERS:
        raise InvalidPlaceholder(_("“%(text)s” means none already.") % {"text": folded})
    placeholder, created = Placeholder.objects.get_or_create(
        community=community,
        text=folded,
        defaults={"added_at": at, "added_by_id": by.pk},
    )
    if created:
        audit.log(kind=ADDED, community=community, by=by, at=at)
    return placeholder


@transaction.atomic
def delete(*, placeholder: Placeholder, by: Staff, at: datetime) -> None:
    permissions.check_may(by, EDIT)
    community = placeholder.community
    if Placeholder.objects.filter(pk=placeholder.pk).delete()[0]:
        audit.log(kind=DELETED, community=community, by=by, at=at)


def get(community: Community, pk: int) -> Placeholder:
    try:
        return Placeholder.objects.select_related("community").get(
            community=community, pk=pk
        )
    except Placeholder.DoesNotExist:
        raise PlaceholderNotFound(_("There is no such placeholder.")) from None


def find(community: Community, text: str) -> Placeholder:
    """The placeholder that staff added with this text; raises PlaceholderNotFound."""
    folded = identifiers.clean(text).casefold()
    own = Placeholder.objects.select_related("community")
    try:
        return own.get(community=community, text=folded)
    except Placeholder.DoesNotExist:
        raise PlaceholderNotFound(_("There is no such placeholder.")) from None


def list_own(community: Community) -> models.QuerySet[Placeholder]:
    """What staff added, by text."""
    return Placeholder.objects.filter(community=community).order_by("text")


def reader_of(community: Community) -> identifiers.Reader:
    """The reader of keys and identifiers of this community."""
    # Without the ORM, as every request that reports facts asks.
    own = db.rows(
        "SELECT text FROM members_placeholder WHERE community_id = %s", [community.pk]
    )
    placeholders = identifiers.DEFAULT_PLACEHOLDERS.union(text for (text,) in own)
    return identifiers.Reader(community.region, placeholders)
