"""Atmosphere accounts that members of several groups would recognise.

An account that is in two groups which share members, and a line that staff accounts have
posted in two such groups, give away that it is no ordinary member.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from qunce.core import permissions
from qunce.core.staff.models import Staff
from qunce.groups import chat_words
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Group, Membership, Stage
from qunce.groups.overlaps import boards, group_sets, overlap_sets
from qunce.groups.overlaps.overlap_sets import Pair
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.models import MessageText
from qunce.members.people import visibility

ROLE = "atmosphere"
LOOK_BACK = timedelta(days=28)
MIN_LINE_LENGTH = 4
"""A shorter line, such as thanks, is written by anybody."""
MAX_TEXTS, MAX_SHOWN = 20_000, 100


@dataclass(frozen=True)
class Exposure:
    """`line` is "" for an account that is in both groups; `shared` counts who sees both."""

    left: Group
    right: Group
    shared: int
    names: tuple[str, ...]
    line: str = ""


def find(*, by: Staff, at: datetime) -> list[Exposure]:
    """What the members of visible groups could notice, the most widely seen first."""
    permissions.check_may(by, group_sets.VIEW)
    groups = {
        group.pk: group
        for group in group_visibility.list_visible(by).exclude(state=Stage.DEAD)
    }
    rows = Membership.objects.filter(group__in=list(groups), present=True, role=ROLE)
    accounts_in: dict[int, set[int]] = defaultdict(set)
    for account, group in rows.values_list("account_id", "group_id"):
        accounts_in[group].add(account)
    if not accounts_in:
        return []
    involved = {pk: groups[pk] for pk in accounts_in}
    shared = overlap_sets.count_pairs(boards.people_by_group(involved, by=by, at=at))
    people = account_queries.person_ids(
        account for own in accounts_in.values() for account in own
    )
    names = dict(Account.objects.filter(pk__in=people).values_list("pk", "name"))
    among = visibility.among(by, at)
    if among is not None:
        people = {a: person for a, person in people.items() if person in among}
    staff_in = {
        pk: {people[a] for a in own if a in people} for pk, own in accounts_in.items()
    }
    same = accounts_in_both(staff_in, shared)
    found = [
        Exposure(
            groups[left],
            groups[right],
            shared[left, right],
            tuple(sorted(names.get(person, "") for person in both)),
        )
        for (left, right), both in same.items()
    ]
    if permissions.may(by, message_texts.READ):
        found += _same_lines(groups, people, names, shared, at)
    return sorted(found, key=lambda each: (-each.shared, each.left.pk, each.right.pk))[
        :MAX_SHOWN
    ]


def accounts_in_both(
    staff_in: Mapping[int, Collection[int]], shared: Collection[Pair]
) -> dict[Pair, set[int]]:
    """The people of staff who are in both groups of a pair that shares members."""
    found = {}
    for left, right in itertools.combinations(sorted(staff_in), 2):
        both = set(staff_in[left]) & set(staff_in[right])
        if both and (left, right) in shared:
            found[left, right] = both
    return found


def _same_lines(
    groups: Mapping[int, Group],
    people: Mapping[int, int],
    names: Mapping[int, str],
    shared: Mapping[Pair, int],
    at: datetime,
) -> list[Exposure]:
    rows = MessageText.objects.filter(
        account_id__in=list(people), happened_at__gte=at - LOOK_BACK
    )
    written: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    texts: dict[str, str] = {}
    for account, group, text in rows.order_by("-happened_at", "-pk").values_list(
        "account_id", "group_id", "text"
    )[:MAX_TEXTS]:
        folded = chat_words.fold(text)
        if group in groups and len(folded) >= MIN_LINE_LENGTH:
            written[folded][group].add(people[account])
            texts.setdefault(folded, text)
    found = []
    for folded, by_group in written.items():
        for left, right in itertools.combinations(sorted(by_group), 2):
            if (left, right) in shared:
                who = by_group[left] | by_group[right]
                found.append(
                    Exposure(
                        groups[left],
                        groups[right],
                        shared[left, right],
                        tuple(sorted(names.get(person, "") for person in who)),
                        texts[folded][:200],
                    )
                )
    return found
