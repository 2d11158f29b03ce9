"""What a member reads about themselves."""

from __future__ import annotations

from qunce.members.accounts import queries as account_queries
from qunce.members.personal_links import masked_names
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
