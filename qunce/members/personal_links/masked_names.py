"""Names as everybody may read them: the first character and an asterisk, such as 王＊."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from django.utils.translation import gettext as _

from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account

MASK = "＊"


def mask(name: str) -> str:
    """The first letter or character of a name, and an asterisk; one alone without any.

    Marks that turn the direction of writing, spaces and emoji are passed over.
    """
    first = next((sign for sign in name if unicodedata.category(sign)[0] in "LN"), "")
    return f"{first}{MASK}"


def of_accounts(accounts: Sequence[int]) -> dict[int, str]:
    """Account id → its masked name, as everybody may read it; erased ones say that."""
    names: dict[int, str] = {}
    for chunk in account_queries.chunks(accounts):
        rows = Account.objects.filter(pk__in=chunk)
        for pk, name, erased_at in rows.values_list("pk", "name", "erased_at"):
            names[pk] = _("erased member") if erased_at else mask(name)
    return names
