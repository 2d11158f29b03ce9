"""Finds the members that texts name: by key, account, UnionID, phone or e-mail.

Programs, pages and commands name members here; files do so in bulk, by the same rules,
with `importing.accounts.account_resolver`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import db, errors, permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts, identifiers, placeholders, suppression
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from pyroaring import BitMap

MEMBER_KEY = "member_key"
"""The kind of a reference by key: of any channel, or `channel:key`."""
IDENTIFIER_KINDS = identifiers.MERGING_KINDS
FOUND, UNKNOWN, NOBODY = "found", "unknown", "nobody"
SUPPRESSED, CONFLICT = "suppressed", "conflict"

References = Mapping[str, str]
"""Kind (member_key, unionid, phone, email, or a channel) → text, as it was written."""


class NamesTwoPeople(errors.Invalid):
    """The references of one row belong to different people."""


@dataclass(frozen=True)
class Match:
    """The member whom some references name.

    `state` is FOUND, UNKNOWN, NOBODY (nothing was given, or only a placeholder or an
    identifier that many people share), SUPPRESSED (they were erased), or CONFLICT, for
    which `problem` says why. `by` is the kind of reference that decided, with its
    normal form `text`.
    """

    state: str
    account: int | None = None
    by: str = ""
    text: str = ""
    problem: str = ""


def find(
    community: Community, references: References, among: BitMap | None = None
) -> Match:
    """The member whom these references name; raises InvalidIdentifier or NamesTwoPeople."""
    (match,) = find_all(community, [references], among)
    if match.state == CONFLICT:
        raise NamesTwoPeople(match.problem)
    return match


def find_all(
    community: Community,
    rows: Sequence[References],
    among: BitMap | None = None,
) -> list[Match]:
    """The member whom each row names, by a few queries; raises InvalidIdentifier.

    With `among`, all but these people are unknown, and contradict nothing.
    """
    reader = placeholders.reader_of(community)
    normalised = [_normalise(reader, row) for row in rows]
    directory = _Directory(community, normalised)
    if among is not None:
        directory.keep(among)
    matches = [directory.match(row) for row in normalised]
    unknown = {
        (kind, text)
        for row, match in zip(normalised, matches, strict=True)
        if match.state == UNKNOWN
        for kind, text in row.items()
    }
    suppressed = suppression.find(community, unknown) if unknown else set()
    if not suppressed:
        return matches
    return [
        Match(SUPPRESSED, by=match.by, text=match.text)
        if match.state == UNKNOWN and suppressed & set(row.items())
        else match
        for row, match in zip(normalised, matches, strict=True)
    ]


def find_or_create_all(
    *,
    community: Community,
    rows: Sequence[References],
    seen_at: Sequence[datetime],
    by: Staff,
    at: datetime,
    source: str = "",
) -> tuple[list[Match], int]:
    """Like `find_all`, and create the members who are unknown; returns how many.

    A new member joined at the earliest `seen_at` of the rows that name them. Call it in
    a transaction.
    """
    permissions.check_community(by, community.pk)
    if by.scope is not None:
        # They would learn who is there of those whom they do not see.
        accounts.check_may_add(by)
    matches = find_all(community, rows)
    joined: dict[tuple[str, str], datetime] = {}
    for match, moment in zip(matches, seen_at, strict=True):
        if match.state == UNKNOWN:
            name = (match.by, match.text)
            joined[name] = min(moment, joined.get(name, moment))
    if not joined:
        return matches, 0
    created = create(community, joined, by=by, at=at, source=source)
    found = [
        Match(FOUND, created[match.by, match.text], match.by, match.text)
        if match.state == UNKNOWN
        else match
        for match in matches
    ]
    return found, len(created)


def find_or_create(
    *,
    community: Community,
    references: References,
    seen_at: datetime,
    by: Staff,
    at: datetime,
    source: str = "",
) -> int | None:
    """The account that these references name, created if it is unknown.

    None if they name nobody. Raises PersonErased, NamesTwoPeople or InvalidIdentifier.
    """
    (match,), _created = find_or_create_all(
        community=community,
        rows=[references],
        seen_at=[seen_at],
        by=by,
        at=at,
        source=source,
    )
    if match.state == CONFLICT:
        raise NamesTwoPeople(match.problem)
    if match.state == SUPPRESSED:
        raise suppression.PersonErased
    return match.account


def create(
    community: Community,
    joined: Mapping[tuple[str, str], datetime],
    *,
    by: Staff,
    at: datetime,
    source: str = "",
    job_id: int | None = None,
) -> dict[tuple[str, str], int]:
    """Create members by (kind, normalised text); returns their accounts.

    Who is known by an identifier alone has it as key, in the channel of that kind.
    """
    found: dict[tuple[str, str], int] = {}
    by_channel: dict[str, dict[str, datetime]] = {}
    for (kind, text), moment in joined.items():
        channel = accounts.DEFAULT_CHANNEL if kind == MEMBER_KEY else kind
        by_channel.setdefault(channel, {})[text] = moment
    for channel, keys in sorted(by_channel.items()):
        ids = accounts.ensure(
            community=community, keys=keys, by=by, at=at, channel=channel, source=source
        )
        kind = MEMBER_KEY if channel == accounts.DEFAULT_CHANNEL else channel
        found |= {(kind, text): ids[text] for text in keys}
    values = [
        (account, kind, text)
        for (kind, text), account in found.items()
        if kind in IDENTIFIER_KINDS
    ]
    if values:
        accounts.add_identifiers(
            community=community, values=values, by=by, at=at, job_id=job_id
        )
    return found


def kinds_of(references: Iterable[str]) -> list[str]:
    """Kinds of references in the order in which they decide."""
    known = set(references)
    ends = [kind for kind in IDENTIFIER_KINDS if kind in known]
    starts = [MEMBER_KEY] if MEMBER_KEY in known else []
    return starts + sorted(known - {MEMBER_KEY, *IDENTIFIER_KINDS}) + ends


def kind_of_key(text: str) -> str:
    """The kind of identifier that a key looks like beyond doubt, or an empty string."""
    # Cheap looks first, as files have a million keys that are neither.
    if "@" in text and identifiers.EMAIL.fullmatch(text):
        return "email"
    is_mobile = text.startswith("1") and identifiers.MOBILE.fullmatch(text)
    return "phone" if is_mobile or text.startswith("+") else ""


def two_people(first: str, second: str) -> str:
    """The sentence about references that two different people have."""
    return _(
        "This row names two people: “%(first)s” and “%(second)s” belong to different"
        " members."
    ) % {"first": first, "second": second}


def several_people(text: str) -> str:
    """The sentence about an identifier that several people have."""
    return _(
        "Several members have “%(text)s”, so it names nobody. Use the member's key."
    ) % {"text": text}


def _normalise(reader: identifiers.Reader, row: References) -> dict[str, str]:
    """The references that are not empty, in the order in which they decide."""
    normalised = {}
    for kind in kinds_of(row):
        form = kind if kind in IDENTIFIER_KINDS else identifiers.KEY
        if text := reader.normalise(form, row[kind]):
            normalised[kind] = text
    return normalised


class _Directory:
    """The accounts that some references may name."""

    def __init__(self, community: Community, rows: Iterable[References]) -> None:
        self._reader = placeholders.reader_of(community)
        keys: set[str] = set()
        values: dict[str, set[str]] = {}
        accounts_of_channels: dict[str, set[str]] = {}
        for row in rows:
            for kind, text in row.items():
                if kind in IDENTIFIER_KINDS:
                    values.setdefault(kind, set()).add(text)
                    keys.add(text)
                elif kind == MEMBER_KEY:
                    keys.update((text, text.partition(":")[2] or text))
                    if alias := self._as_identifier(text):
                        values.setdefault(alias[0], set()).add(alias[1])
                else:
                    accounts_of_channels.setdefault(kind, set()).add(text)
        self._keys = account_queries.find(community, keys)
        self._in_channel = _find_in_channels(community, keys)
        for channel, texts in accounts_of_channels.items():
            found = account_queries.find(community, texts, channel)
            self._in_channel |= {(channel, text): pk for text, pk in found.items()}
        self._owners = _find_owners(community, values)
        accounts_found = {*self._keys.values(), *self._in_channel.values()}
        self._people = account_queries.person_ids(accounts_found)

    def keep(self, among: BitMap) -> None:
        """Forget all accounts but those of these people."""
        self._people |= account_queries.person_ids(self._in_channel.values())
        self._in_channel = {
            name: account
            for name, account in self._in_channel.items()
            if self._people[account] in among
        }
        # The first account with a key, of those that are left.
        by_id = sorted(self._in_channel.items(), key=lambda item: -item[1])
        self._keys = {key: account for (_channel, key), account in by_id}
        self._owners = {
            value: {
                person: account
                for person, account in owners.items()
                if person == SHARED or person in among
            }
            for value, owners in self._owners.items()
        }

    def _as_identifier(self, key: str) -> tuple[str, str] | None:
        folded = key.casefold() if "@" in key else key
        if not (kind := kind_of_key(folded)):
            return None
        try:
            text = self._reader.normalise(kind, folded)
        except identifiers.InvalidIdentifier:
            return None
        return (kind, text) if text else None

    def match(self, row: References) -> Match:
        first: Match | None = None
        unknown: Match | None = None
        person: int | None = None
        for kind, text in row.items():
            match, owner = self._match_one(kind, text)
            if match.state == CONFLICT:
                # Other references of the row may still decide which of them it is.
                unknown = unknown if unknown and unknown.state == CONFLICT else match
            elif match.state == UNKNOWN:
                unknown = unknown or match
            elif match.state == FOUND and first is None:
                first, person = match, owner
            elif match.state == FOUND and first and owner != person:
                problem = two_people(first.text, text)
                return Match(CONFLICT, None, kind, text, problem)
        return first or unknown or Match(NOBODY)

    def _match_one(self, kind: str, text: str) -> tuple[Match, int | None]:
        """The match of one reference, and the person it names."""
        if kind in IDENTIFIER_KINDS:
            return self._match_identifier(kind, text)
        if kind != MEMBER_KEY:
            account = self._in_channel.get((kind, text)) or self._keys.get(text)
            return self._found(account, kind, text)
        channel, _colon, key = text.partition(":")
        account = self._keys.get(text) or self._in_channel.get((channel, key))
        if account is None and (alias := self._as_identifier(text)):
            return self._match_identifier(*alias)
        return self._found(account, kind, text)

    def _match_identifier(self, kind: str, text: str) -> tuple[Match, int | None]:
        owners = self._owners.get((kind, text), {})
        if SHARED in owners:
            return Match(NOBODY, by=kind, text=text), None
        if len(owners) > 1:
            return Match(CONFLICT, None, kind, text, several_people(text)), None
        for person, account in owners.items():
            return Match(FOUND, account, kind, text), person
        return self._found(self._keys.get(text), kind, text)

    def _found(
        self, account: int | None, kind: str, text: str
    ) -> tuple[Match, int | None]:
        if account is None:
            return Match(UNKNOWN, None, kind, text), None
        return Match(FOUND, account, kind, text), self._people[account]


SHARED = -1
"""Stands for the owners of an identifier that too many accounts have."""
OWNERS = """
SELECT i.value, COALESCE(s.person_id, i.account_id), MIN(i.account_id)
FROM members_identifier i
JOIN members_account a ON a.id = i.account_id AND a.erased_at IS NULL
LEFT JOIN sets_alias s ON s.account_id = i.account_id
WHERE i.community_id = %s AND i.kind = %s AND i.value IN ({values})
GROUP BY 1, 2 ORDER BY 1, 2
"""


def _find_owners(
    community: Community, values: Mapping[str, set[str]]
) -> dict[tuple[str, str], dict[int, int]]:
    """(kind, value) → person → their first account with it."""
    owners: dict[tuple[str, str], dict[int, int]] = {}
    for kind, texts in values.items():
        for chunk in account_queries.chunks(sorted(texts)):
            marks = db.placeholders(len(chunk))
            arguments = [community.pk, kind, *chunk]
            for value, person, account in db.rows(
                OWNERS.format(values=marks), arguments
            ):
                owners.setdefault((kind, value), {})[person] = account
            for (value,) in db.rows(
                "SELECT value FROM members_sharedidentifier"  # noqa: S608
                f" WHERE community_id = %s AND kind = %s AND value IN ({marks})",
                arguments,
            ):
                owners[kind, value] = {SHARED: 0}
    return owners


def _find_in_channels(
    community: Community, keys: Iterable[str]
) -> dict[tuple[str, str], int]:
    """(channel, key) → account, of accounts of all channels with these keys."""
    found: dict[tuple[str, str], int] = {}
    for chunk in account_queries.chunks(sorted(set(keys))):
        for channel, key, account in db.rows(
            "SELECT channel, key, id FROM members_account"  # noqa: S608
            f" WHERE community_id = %s AND key IN ({db.placeholders(len(chunk))})"
            " AND erased_at IS NULL",
            [community.pk, *chunk],
        ):
            found[channel, key] = account
    return found
