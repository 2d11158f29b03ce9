"""Finds or creates the members and groups that reported facts name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from qunce.core.communities import Community
from qunce.core.facts import reported_facts
from qunce.core.staff.models import Staff
from qunce.groups import groups as group_groups
from qunce.groups import visibility
from qunce.ingest.incoming_facts import FactsRejected, IncomingFact
from qunce.members.accounts import identifiers, placeholders, resolver
from qunce.members.accounts import queries as account_queries
from qunce.members.people import named_members
from qunce.members.people import visibility as people


class FactMembers:
    """The members of the facts of one call."""

    def __init__(
        self,
        community: Community,
        incoming: Sequence[IncomingFact],
        by: Staff,
        at: datetime,
        source: str,
    ) -> None:
        self.community, self.incoming = community, incoming
        self.by, self.at, self.source = by, at, source
        self.created = 0
        self.suppressed: set[int] = set()
        self.rows: list[dict[str, str]] = []
        """The references of each fact in normal form."""
        self.names: list[str] = []
        """What each member is called in the key of a fact that has none."""

    def resolve(self) -> list[int | None]:
        """Return the account of each fact; raises FactsRejected."""
        given = {fact.account for fact in self.incoming if fact.account is not None}
        people.check_visible(by=self.by, accounts=given, at=self.at)
        rows = self.rows
        if self.by.scope is not None:
            return self._find_visible(rows)
        keys = [
            row.get(resolver.MEMBER_KEY, "") if len(row) == 1 else "" for row in rows
        ]
        # Nearly all facts name a member by a known key, which one query finds.
        known = account_queries.find(self.community, set(keys) - {""})
        accounts = [
            known.get(key, fact.account)
            for key, fact in zip(keys, self.incoming, strict=True)
        ]
        others = [i for i, row in enumerate(rows) if row and keys[i] not in known]
        if others:
            self._resolve_others(rows, accounts, others)
        return accounts

    def normalise(self) -> None:
        """Bring the references into normal form, without placeholders."""
        reader = placeholders.reader_of(self.community)
        # Most facts of a batch name few members, and by the same references.
        known: dict[tuple[str, ...], dict[str, str]] = {}
        reasons: dict[int, str] = {}
        for index, fact in enumerate(self.incoming):
            if fact.has_only_key and reader.is_plain_key(fact.member):
                row = {resolver.MEMBER_KEY: fact.member}
                self.rows.append(row)
                self.names.append("" if fact.key else fact.member)
                continue
            named = (fact.member, fact.unionid, fact.phone, fact.email)
            known_row = known.get(named)
            if known_row is None:
                try:
                    known_row = _normal_references(reader, fact.references)
                except identifiers.InvalidIdentifier as error:
                    reasons[index] = str(error)
                    continue
                known[named] = known_row
            self.rows.append(known_row)
            self.names.append(
                reported_facts.reference({**known_row, "id": fact.account})
                if not fact.key
                else ""
            )
        if reasons:
            raise FactsRejected(reasons)

    def _find_visible(self, rows: Sequence[Mapping[str, str]]) -> list[int | None]:
        """Return the accounts of staff with a scope; raises FactsRejected.

        Members outside the scope are rejected as if those were unknown. Unknown members
        are rejected too: an answer that differs would reveal who exists.
        """
        accounts: list[int | None] = [fact.account for fact in self.incoming]
        matches = named_members.find_all(by=self.by, rows=rows, at=self.at)
        reasons = {}
        for index, (row, match) in enumerate(zip(rows, matches, strict=True)):
            if match.account is not None:
                accounts[index] = match.account
            elif row:
                text = next(iter(self.incoming[index].references.values()))
                reasons[index] = match.problem or (
                    _("There is no member “%(key)s”.") % {"key": text}
                )
        if reasons:
            raise FactsRejected(reasons)
        return accounts

    def _resolve_others(
        self,
        rows: Sequence[Mapping[str, str]],
        accounts: list[int | None],
        others: Sequence[int],
    ) -> None:
        matches, self.created = resolver.find_or_create_all(
            community=self.community,
            rows=[rows[index] for index in others],
            seen_at=[self.incoming[index].happened_at for index in others],
            by=self.by,
            at=self.at,
            source=self.source,
        )
        reasons = {}
        for index, match in zip(others, matches, strict=True):
            accounts[index] = match.account
            if match.state == resolver.SUPPRESSED:
                self.suppressed.add(index)
            elif match.state == resolver.CONFLICT:
                reasons[index] = match.problem
        if reasons:
            raise FactsRejected(reasons)


def _normal_references(
    reader: identifiers.Reader, references: Mapping[str, str]
) -> dict[str, str]:
    """Return the references in normal form, without placeholders."""
    row: dict[str, str] = {}
    for kind, text in references.items():
        key = identifiers.KEY if kind == resolver.MEMBER_KEY else kind
        if (form := reader.normalise(key, text)) is not None:
            row[kind] = form
    return row


def resolve_groups(
    community: Community, incoming: Sequence[IncomingFact], by: Staff, at: datetime
) -> dict[str, int]:
    """Return group ids by group key."""
    keys = {fact.group for fact in incoming if fact.group}
    given_ids = {fact.group_id for fact in incoming if fact.group_id is not None}
    if not keys and not given_ids:
        return {}
    group_ids = group_groups.find(community, keys)
    # Before any group is created, so that a refusal changes nothing.
    visibility.check(by=by, groups=given_ids | set(group_ids.values()))
    if keys - set(group_ids):
        if by.groups is not None:
            raise group_groups.GroupNotFound(_("There is no such group."))
        group_ids |= group_groups.ensure(community=community, keys=keys, by=by, at=at)
    return group_ids
