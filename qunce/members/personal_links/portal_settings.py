"""How the member pages of a community are: open or closed, and whom members ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, text_validation
from qunce.core.communities import KEY_PATTERN, Community
from qunce.core.facts import facts
from qunce.core.prepared_queries import Param, PreparedQuery
from qunce.core.staff.models import Staff
from qunce.members.personal_links import links
from qunce.members.personal_links.models import PortalSettings

MAX_CONTACT_LENGTH = 100
WIDGET = "widget"
"""The part of their addresses that pages in the frame of an app have."""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PortalConfigured(facts.FactKind):
    kind = "portal.configured"
    label = gettext_lazy("member pages configured")
    is_open: bool


class InvalidPortalSettings(errors.Invalid):
    """A contact is not possible."""


# Checks


def check_contact(contact: str) -> None:
    """Raises InvalidPortalSettings."""
    if len(contact) > MAX_CONTACT_LENGTH or not text_validation.is_valid(contact):
        raise InvalidPortalSettings(
            _("Contact for questions: write at most %(n)s characters.")
            % {"n": MAX_CONTACT_LENGTH}
        )


# Verbs


@transaction.atomic
def configure(
    *, community: Community, is_open: bool, by: Staff, at: datetime, contact: str = ""
) -> PortalSettings:
    """Open or close the member pages, and say whom members ask."""
    permissions.check_may(by, links.MANAGE)
    permissions.check_community(by, community.pk)
    contact = " ".join(contact.split())
    check_contact(contact)
    row, _is_new = PortalSettings.objects.update_or_create(
        community=community, defaults={"is_open": is_open, "contact": contact}
    )
    fact = PortalConfigured(is_open=is_open)
    facts.record(fact, community=community, by=by, at=at)
    return row


# Reads


def of(community: Community) -> PortalSettings:
    """The settings of a community; without a row, the pages are open."""
    row = _OF_COMMUNITY.first(community=community.pk)
    return row or PortalSettings(community=community)


_WITH_OPEN_PAGES = PreparedQuery(
    # One statement, as every page of a member asks.
    lambda: Community.objects.filter(key=Param("key")).exclude(
        pk__in=PortalSettings.objects.filter(is_open=False).values("community")
    )
)


def find_open(key: str) -> Community | None:
    """The community with this key, None if there is none or its pages are closed."""
    return _WITH_OPEN_PAGES.first(key=key) if KEY_PATTERN.fullmatch(key) else None


_OF_COMMUNITY = PreparedQuery(
    lambda: PortalSettings.objects.filter(community=Param("community"))
)


def address(community: Community) -> str:
    """The address of the pages of a community, or their path without a public address."""
    return links.address(f"{links.PATH}{community.key}/")


def find_address(community: Community, path: str = "") -> str:
    """The address of a page for a text that members read.

    It is empty if they cannot open it: without a public address, or while the pages of the
    community are closed.
    """
    if not has_address() or not of(community).is_open:
        return ""
    return f"{address(community)}{path}"


def widget_address(community: Community, channel: str) -> str:
    """The address that an app shows in a frame, where members sign in through a channel."""
    return links.address(f"{links.PATH}{community.key}/{WIDGET}/sign-in/{channel}")


def has_address() -> bool:
    """Whether members can open the addresses that texts contain."""
    return bool(settings.PORTAL_URL or settings.PUBLIC_URL)
