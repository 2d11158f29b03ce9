"""Search for members by name or part of it, pinyin, initials, key, phone or e-mail.

Staff who may not read identifiers in full find them only by typing them in full, or by
the last digits that masking shows. Otherwise a search would reveal them, digit by digit.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from django.db import models

from qunce.core import db, permissions
from qunce.members.accounts import identifiers, masking, placeholders
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.members.search import name_index, pinyin
from qunce.members.search.name_index import START
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.staff.models import Staff

MAX_QUERY_LENGTH = 80
"""Characters of a query; the rest is ignored."""
MIN_PREFIX_LENGTH = 4
"""Characters from which identifiers are found by a prefix."""
MAX_IDENTIFIERS = 100_000
"""Identifiers with one prefix or tail that are read."""
PHONE_SIGNS = re.compile(r"[\s().-]")
DIGITS = re.compile(r"[0-9]+")


def find(*, by: Staff, query: str, at: datetime) -> BitMap:
    """Ids of the people found, visible or not.

    Intersect it with an audience of `by` before anything is shown.
    """
    accounts = [ids for ids in _find_accounts(by, query) if len(ids)]
    found = np.concatenate(accounts) if accounts else np.empty(0, np.int64)
    return visibility.people_of_accounts(by=by, accounts=bitmaps.of(found), at=at)


def suggest(*, by: Staff, query: str, at: datetime, limit: int = 10) -> list[int]:
    """Ids of the most likely visible people, the most likely first."""
    suggested: dict[int, None] = {}
    visible = visibility.visible_people(by=by, at=at)
    for accounts in _find_accounts(by, query):
        found = bitmaps.of(accounts)
        # Before it is cut to the newest: a scope may hide all but a few.
        people = visibility.people_of_accounts(by=by, accounts=found, at=at) & visible
        newest = people[max(len(people) - limit, 0) :]
        suggested |= dict.fromkeys(reversed(list(newest)))
        if len(suggested) >= limit:
            break
    return list(suggested)[:limit]


def _find_accounts(by: Staff, query: str) -> Iterator[NDArray[np.int64]]:
    """Account ids found in each way, ascending, the most reliable way first."""
    # What cannot be seen was pasted along and is in no key.
    query = identifiers.clean(query[:MAX_QUERY_LENGTH])
    text = pinyin.normalise(query)
    if not text:
        return
    yield np.array(_find_by_identifier(by, [text, query]), dtype=np.int64)
    index = name_index.load(by.community_id)
    unmasked = permissions.may(by, masking.VIEW_IDENTIFIERS)
    yield index.find(lambda columns: columns.find_whole_keys(text))
    # Before keys that begin with the digits, of which there may be many more.
    if tail := _parse_tail(text, unmasked=unmasked):
        min_length = 0 if unmasked else masking.MIN_LENGTH_WITH_TAIL
        yield np.array(_find_by_tail(by, tail, min_length), dtype=np.int64)
        yield index.find(lambda columns: columns.find_key_tails(tail, min_length))
    yield index.find(lambda columns: columns.find_keys(text, unmasked=unmasked))
    yield index.find(lambda columns: columns.find_whole_names(text))
    yield index.find(lambda columns: columns.names.find(START + text))
    yield index.find(lambda columns: columns.names.find(text))
    if typed := pinyin.parse_query(text):
        yield index.find(lambda columns: columns.sounds.find(pinyin.SEPARATOR + typed))


# Identifiers


def _find_by_identifier(by: Staff, texts: list[str]) -> list[int]:
    """Accounts with this identifier, or with this prefix if `by` may read it in full."""
    in_full, prefixes = models.Q(pk__in=[]), models.Q(pk__in=[])
    # Without what no database stores: surrogates and NUL.
    typed = {text.encode(errors="ignore").decode().replace("\0", "") for text in texts}
    reader = placeholders.reader_of(by.community)
    for kind in account_queries.list_identifier_kinds(by.community):
        forms = typed - {""}
        with contextlib.suppress(identifiers.InvalidIdentifier):
            forms |= {reader.normalise(kind, texts[0]) or texts[0]}
        in_full |= models.Q(kind=kind, value__in=forms)
        # A range of the index on SQLite; LIKE, for which it is built, on PostgreSQL.
        condition = models.Q(pk__in=[])
        for form in forms:
            if db.is_postgresql():
                condition |= models.Q(value__startswith=form)
            else:
                condition |= models.Q(value__gte=form, value__lt=form + "\U0010ffff")
        prefixes |= models.Q(kind=kind) & condition
    by_prefix = len(texts[0]) >= MIN_PREFIX_LENGTH and permissions.may(
        by, masking.VIEW_IDENTIFIERS
    )
    rows = account_models.Identifier.objects.filter(community_id=by.community_id)
    rows = rows.filter(prefixes if by_prefix else in_full)
    return sorted(set(rows.values_list("account_id", flat=True)[:MAX_IDENTIFIERS]))


def _parse_tail(text: str, *, unmasked: bool) -> str:
    """The last digits of phones that a query names; "" if it names none.

    Staff who see phones masked may search for exactly the digits that they see.
    """
    digits = PHONE_SIGNS.sub("", text)
    if not DIGITS.fullmatch(digits):
        return ""
    is_allowed = unmasked or len(digits) == masking.TAIL_LENGTH
    return digits if is_allowed and len(digits) >= masking.TAIL_LENGTH else ""


def _find_by_tail(by: Staff, tail: str, min_length: int) -> list[int]:
    """Accounts with a phone of at least this length that ends with the digits."""
    # In the words of the index `phone_by_tail`, which has no parameters.
    substring = "SUBSTRING" if db.is_postgresql() else "SUBSTR"
    sql = f"""
SELECT DISTINCT account_id FROM members_identifier
WHERE community_id = %s AND kind = 'phone'
    AND {substring}(value, (LENGTH(value) - 3)) = %s
    AND value LIKE %s AND LENGTH(value) >= %s
ORDER BY account_id LIMIT %s"""  # noqa: S608
    given = [by.community_id, tail[-masking.TAIL_LENGTH :], f"%{tail}"]
    rows = db.rows(sql, [*given, min_length, MAX_IDENTIFIERS])
    return [account for (account,) in rows]
