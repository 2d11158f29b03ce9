"""The clause `random`: a share of the members that stays the same for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.core import db, revisions
from qunce.members.accounts.models import PRESENCE_REVISION
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import base, comparisons
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.grammar.forms import Form
from qunce.sets.rules.grammar.values import PERCENT, Text

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.sets.rules.snapshots import Snapshot

    Hashes = tuple[NDArray[np.int64], NDArray[np.uint64]]
    """Accounts, ascending, and a hash of the key of each. Shapes (n,)."""

ALL = 1 << 32
"""Everybody is at one of so many places."""
PLACES = 2
"""Decimals of a percentage."""
MAX_SALT_LENGTH = 80


def _unpack(args: dict[str, Any]) -> dict[str, Any]:
    """Without `skip` where nothing comes before."""
    return {k: v for k, v in args.items() if k != "skip" or v}


@base.register
@dataclass(frozen=True)
class RandomClause(Clause):
    """The place of a person is a hash of `salt` and the key of their first account.

    It depends on neither ids nor order, so that a community that is imported again has
    the same people in it, and a merge keeps the first account's place.
    """

    name: ClassVar[str] = "random"
    knows_past: ClassVar[bool] = True
    description: ClassVar[str] = (
        "A random share of the members, which has the same people for ever: a hash of"
        " the key of a member's first account and of `salt` decides. `percent` is the"
        " share, and `skip` a share that comes before it, so that shares of one `salt`"
        " do not overlap. After a merge the key of the first account counts."
    )
    fields: ClassVar[tuple[str, ...]] = ("salt", "percent", "skip")
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"salt": "spring", "percent": 10},
        {"salt": "spring", "percent": 12.5, "skip": 10},
    )

    forms: ClassVar = (
        Form(
            gettext_noop("is in the random %(percent)s of the draw “%(salt)s”"),
            {"percent": PERCENT, "salt": Text()},
            unpack=_unpack,
        ),
        Form(
            gettext_noop(
                "is in the random %(percent)s after the first %(skip)s of the draw"
                " “%(salt)s”"
            ),
            {"percent": PERCENT, "skip": PERCENT, "salt": Text()},
        ),
    )

    salt: str
    percent: Decimal
    skip: Decimal

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> RandomClause:
        base.check_fields(args, path, cls.fields)
        salt, here = args.get("salt"), path.child("salt")
        if not isinstance(salt, str) or not salt.strip():
            here.fail(_("Write a name for the draw, such as “spring”."))
        if len(salt) > MAX_SALT_LENGTH:
            here.fail(_("Write at most %(n)s characters.") % {"n": MAX_SALT_LENGTH})
        percent = _parse_percent(args.get("percent"), path.child("percent"))
        if not percent:
            path.child("percent").fail(_("Write a share above 0."))
        skip = _parse_percent(args.get("skip", 0), path.child("skip"))
        if percent + skip > 100:
            path.fail(_("Both shares together are more than 100%."))
        return cls(salt, percent, skip)

    def dependencies(self) -> Iterable[revisions.Key]:
        return ()

    def resolve(self, snap: Snapshot) -> BitMap:
        accounts, hashes = _hashes(snap)
        # A person has the id of the first account.
        people = bitmaps.array_of(snap.known())
        found = np.searchsorted(accounts, people)
        places = places_of(hashes[found], self.salt)
        first, last = self._bounds()
        return bitmaps.of(people[(places >= first) & (places < last)])

    def _bounds(self) -> tuple[int, int]:
        first, last = self.skip, self.skip + self.percent
        bounds = (int(Fraction(bound) * ALL / 100) for bound in (first, last))
        low, high = bounds
        return low, high

    def explain(self, snap: Snapshot, person: int) -> str:
        accounts, hashes = _hashes(snap)
        index = int(np.searchsorted(accounts, person))
        place = int(places_of(hashes[index : index + 1], self.salt)[0])
        return _(
            "is at %(place)s%% of the draw “%(salt)s” (required: from %(first)s%% to"
            " %(last)s%%)"
        ) % {
            "place": comparisons.format_number(
                Decimal(f"{place * 100 / ALL:.{PLACES}f}")
            ),
            "salt": self.salt,
            "first": comparisons.format_number(self.skip),
            "last": comparisons.format_number(self.skip + self.percent),
        }


def _parse_percent(value: Any, path: RulePath) -> Decimal:
    number = comparisons.parse_decimal(value, path)
    if not 0 <= number <= 100:
        path.fail(_("Write a percentage from 0 to 100."))
    if number != round(number, PLACES):
        path.fail(_("Write at most %(n)s decimals.") % {"n": PLACES})
    return number


def places_of(hashes: NDArray[np.uint64], salt: str) -> NDArray[np.uint64]:
    """The place of each hash in a draw, below ALL and equally distributed."""
    from qunce.core.facts import key_hashes  # loads Arrow, which most verbs do not need

    digest = hashlib.blake2b(salt.encode(), digest_size=8).digest()
    seed = np.uint64(int.from_bytes(digest, "big"))
    # Twice, as hashes of similar keys are no strangers to each other after one round.
    mixed = key_hashes.mix(key_hashes.mix(hashes ^ seed) + seed)
    return mixed >> np.uint64(32)


def _hashes(snap: Snapshot) -> Hashes:
    pk = snap.community.pk
    return snap.cached(
        "hashes of keys",
        (PRESENCE_REVISION, 0),
        lambda: _read(pk, -1),
        lambda old, since: _refresh(old, _read(pk, since)),
    )


def _read(community: int, since: int) -> Hashes:
    from qunce.core.facts import key_hashes  # loads Arrow, which most verbs do not need

    rows = db.rows(
        "SELECT id, key FROM members_account WHERE community_id = %s AND rev > %s"
        " ORDER BY id",
        [community, since],
    )
    accounts, keys = zip(*rows, strict=True) if rows else ((), ())
    hashes = key_hashes.hashes_of(0, [key.encode() for key in keys])
    return np.array(accounts, dtype=np.int64), hashes.view(np.uint64)


def _refresh(old: Hashes, new: Hashes) -> Hashes:
    kept = ~np.isin(old[0], new[0], assume_unique=True)
    accounts = np.concatenate([old[0][kept], new[0]])
    hashes = np.concatenate([old[1][kept], new[1]])
    order = np.argsort(accounts)
    return accounts[order], hashes[order]
