"""How staff find the recipients of a task in their chat app: remark, phone, account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from qunce.console import http
from qunce.core.staff.models import Staff
from qunce.members.accounts import channel_labels, masking
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account, Identifier
from qunce.members.people import people, remark_names
from qunce.members.tags import person_tags

PLAIN_CHANNELS = ("import", "hand", "api", "phone", "email")
"""Channels whose accounts are in no chat app."""


@dataclass(frozen=True)
class Contact:
    """`account` is the name of the account on its channel, such as “WeCom · wm_4711”."""

    remark: str = ""
    phone: str = ""
    account: str = ""
    tags: Sequence[person_tags.PersonTag] = field(default_factory=tuple)


def find(
    request: http.Request, targets: Iterable[int], *, with_remarks: Iterable[int]
) -> dict[int, Contact]:
    """Account id → how to find its person; remarks for some of them only."""
    by, ids = request.staff, list(targets)
    person_ids = account_queries.person_ids(ids)
    accounts = account_queries.accounts_by_person(ids)
    phones = _phones(accounts, by)
    tags = person_tags.tags_by_person(accounts)
    names = _account_names(accounts, by)
    remarks = _remarks(request, with_remarks)
    contacts = {}
    for target, person in person_ids.items():
        own = [tag for tag in tags[person] if not tag.is_automatic]
        phone, name = phones.get(person, ""), names.get(person, "")
        # The key of an imported account is often the phone number.
        account = "" if name == phone else name
        contacts[target] = Contact(remarks.get(target, ""), phone, account, own)
    return contacts


def _phones(accounts: Mapping[int, Sequence[int]], by: Staff) -> dict[int, str]:
    """Person id → their first phone number, masked for those who may not read it."""
    person_of = account_queries.invert(accounts)
    rows = Identifier.objects.filter(account_id__in=person_of, kind="phone")
    phones: dict[int, str] = {}
    for account, value in rows.order_by("pk").values_list("account_id", "value"):
        phones.setdefault(person_of[account], masking.phone(value, by))
    return phones


def _account_names(accounts: Mapping[int, Sequence[int]], by: Staff) -> dict[int, str]:
    """Person id → the account by which a chat app knows them."""
    person_of = account_queries.invert(accounts)
    rows = Account.objects.filter(pk__in=person_of).order_by("pk")
    names: dict[int, str] = {}
    for pk, channel, key in rows.values_list("pk", "channel", "key"):
        if channel in PLAIN_CHANNELS:
            names.setdefault(person_of[pk], masking.key(key, by))
            continue
        label = channel_labels.label_of(channel)
        names[person_of[pk]] = f"{label} · {masking.key(key, by)}"
    return names


def _remarks(request: http.Request, targets: Iterable[int]) -> dict[int, str]:
    """Remark names, if the community has a pattern for them."""
    pattern = remark_names.get_pattern(request.community)
    if pattern.text == remark_names.DEFAULT_PATTERN:
        return {}
    keys = account_queries.keys_by_id(request.community, list(targets))
    return {
        target: remark_names.render_for(people.get_by_account(target), by=request.staff)
        for target in keys
    }
