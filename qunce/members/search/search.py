"""Finding members by what somebody types: a name or a piece of it, its pinyin or initials,
a key, a phone, an address. What is out of the operator's sight is not found.

Who may not read identifiers in full finds them only by typing them in full; otherwise a
search would tell them, digit by digit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from django.db import models

from qunce.core import db, permissions
from qunce.members.accounts import masking
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.identifiers import InvalidIdentifier, normalise
from qunce.members.people import visibility
from qunce.members.search import name_index, pinyin
from qunce.members.search.name_index import START, IndexColumns
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.staff.models import Staff

    Look = Callable[[IndexColumns], NDArray[np.int64]]

MAX_QUERY_LENGTH = 80
"""Characters of a search that are looked at."""
MIN_PREFIX_LENGTH = 4
"""Characters from which identifiers are found by their beginning."""
MAX_IDENTIFIERS = 100_000
"""Identifiers of one beginning that are read."""


def find(*, by: Staff, query: str, at: datetime) -> BitMap:
    """First accounts of the people found, out of sight or not: for set algebra.

    Cut it with an audience of the same operator before anything is shown.
    """
    accounts = [some for some in _steps(by, query) if len(some)]
    found = np.concatenate(accounts) if accounts else np.empty(0, np.int64)
    return visibility.people_of_accounts(by=by, accounts=bitmaps.of(found), at=at)


def suggest(*, by: Staff, query: str, at: datetime, limit: int = 10) -> list[int]:
    """First accounts of the likeliest people in sight, the likeliest first."""
    found: dict[int, None] = {}
    for some in _steps(by, query):
        newest = [int(each) for each in some[::-1][: limit * 20]]
        seen = visibility.filter_visible(by=by, accounts=newest, at=at)
        heads = account_queries.person_ids(newest)
        found |= {heads[each]: None for each in newest if heads[each] in seen}
        if len(found) >= limit:
            break
    return list(found)[:limit]


def _steps(by: Staff, query: str) -> Iterator[NDArray[np.int64]]:
    """Accounts ascending, the surest way of finding first."""
    text = pinyin.normalise(query[:MAX_QUERY_LENGTH])
    if not text:
        return
    yield np.array(
        _identified(by, [text, query[:MAX_QUERY_LENGTH].strip()]), dtype=np.int64
    )
    book = name_index.load(by.community_id)
    for look in _looks(text, plain=permissions.may(by, masking.VIEW_IDENTIFIERS)):
        main = book.main.accounts[look(book.main)]
        main = main[~np.isin(main, book.touched)] if len(book.touched) else main
        yield np.concatenate([main, book.newer.accounts[look(book.newer)]])


def _looks(text: str, *, plain: bool) -> Iterator[Look]:
    yield lambda pages: _keys(pages, text, plain=plain)
    yield lambda pages: pages.names.find(START + text)
    yield lambda pages: pages.names.find(text)
    typed = pinyin.parse_query(text)
    if typed:
        yield lambda pages: pages.sounds.find(pinyin.SEPARATOR + typed)


def _keys(pages: IndexColumns, text: str, *, plain: bool) -> NDArray[np.int64]:
    rows = pages.keys.find(START + text)
    if plain:
        return rows
    whole = pages.keys.lengths[rows] == len((START + text).encode())
    shown: NDArray[np.int64] = rows[whole | ~pages.private[rows]]
    return shown


# Identifiers


def _identified(by: Staff, texts: list[str]) -> list[int]:
    """Accounts known by what is typed; by its beginning for those who may read it."""
    rows = account_models.Identifier.objects.filter(community_id=by.community_id)
    whole = models.Q(pk__in=[])
    begun = models.Q(pk__in=[])
    for kind in account_queries.list_identifier_kinds(by.community):
        forms = _forms(kind, texts)
        whole |= models.Q(kind=kind, value__in=forms)
        begun |= models.Q(kind=kind) & _beginning(forms)
    long_enough = len(texts[0]) >= MIN_PREFIX_LENGTH and permissions.may(
        by, masking.VIEW_IDENTIFIERS
    )
    found = rows.filter(begun if long_enough else whole)
    return sorted(set(found.values_list("account_id", flat=True)[:MAX_IDENTIFIERS]))


def _forms(kind: str, texts: list[str]) -> set[str]:
    """As it is typed, and as it would be kept."""
    forms = {text.encode(errors="ignore").decode().replace("\0", "") for text in texts}
    with contextlib.suppress(InvalidIdentifier):
        forms.add(normalise(kind, texts[0]))
    return forms - {""}


def _beginning(forms: set[str]) -> models.Q:
    """On SQLite a span of the index; on PostgreSQL LIKE, which its index is made for."""
    found = models.Q(pk__in=[])
    for form in forms:
        if db.is_postgresql():
            found |= models.Q(value__startswith=form)
        else:
            found |= models.Q(value__gte=form, value__lt=form + "\U0010ffff")
    return found
