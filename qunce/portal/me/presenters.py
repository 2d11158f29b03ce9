"""What a member reads about themselves."""

from __future__ import annotations

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from qunce.core.pictures import pictures
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from qunce.members.personal_links import links, masked_names, portal_settings, tokens
from qunce.portal.visitors.visitors import Visitor


def name_of(visitor: Visitor) -> str:
    """The name of the member: masked for a link, which others may have opened before."""
    if visitor.account_id is None:
        return ""
    accounts = account_queries.account_ids_of_person(visitor.account_id)
    names = [name for _pk, name in account_queries.list_names(accounts) if name.strip()]
    if not names:
        return ""
    return names[0] if visitor.signed_in is not None else masked_names.mask(names[0])


def draw_card(visitor: Visitor, account: int, *, root: str) -> bytes:
    """The card of a member as PNG; its code leads to the page of the community.

    `root` is where the pages are, if the installation does not say it.
    """
    person = people.get_by_account(account)
    community = visitor.community
    path = f"{links.PATH}{community.key}/?from={tokens.reference_of(account)}"
    has_address = portal_settings.has_address()
    joined = timezone.localtime(person.joined_at)
    return pictures.card(
        community=community.name,
        name=name_of(visitor),
        rows=[(_("Member since"), formats.date_format(joined, "Y-m-d"))],
        address=links.address(path) if has_address else f"{root}{path}",
        note=_("Scan to see what is open"),
    )
