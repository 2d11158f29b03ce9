"""Members as the command line names them: by key, in a file, or by a rule."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.members.accounts import queries as account_queries
from qunce.members.people import named_members, visibility
from qunce.sets import audiences

PAGE_SIZE = 10_000

F = TypeVar("F", bound=Callable[..., Any])


def selection_options(function: F) -> F:
    """Add `--rule`, `--members` and `--file`, of which `select` takes exactly one."""
    for decorate in (
        base.option("--file", metavar="FILE", help=N_("one key per line")),
        base.option(
            "--members", metavar="KEY,KEY", help=N_("keys separated by commas")
        ),
        base.option("--rule", metavar="RULE", help=N_("JSON, @file or segment:KEY")),
    ):
        function = decorate(function)
    return function


def select(
    invocation: Invocation, *, rule: str | None, members: str | None, file: str | None
) -> list[int]:
    """Return the ids of the accounts that one of the three options names."""
    # Click has no options that exclude each other.
    if [rule, members, file].count(None) != 2:
        raise options.BadUsage(_("Give exactly one of --rule, --members and --file."))
    if rule:
        invocation.derive()
        return [*list_people(invocation, options.parse_rule(rule))]
    try:
        keys = (
            members.split(",")
            if members
            else Path(file or "").read_text(encoding="utf-8-sig").splitlines()
        )
    except (OSError, UnicodeDecodeError) as error:
        raise options.BadUsage(
            _("“%(file)s” cannot be read: %(why)s.") % {"file": file, "why": error}
        ) from None
    keys = [key for key in map(str.strip, keys) if key]
    return find_accounts(invocation, list(dict.fromkeys(keys)))


def list_people(invocation: Invocation, rule: Any, *, after: int = 0) -> Iterator[int]:
    """Iterate over the ids of an audience; a million of them take at most 131 kB."""
    people = audiences.people(rule=rule, **invocation.query_args)
    return iter(people[people.rank(after) :])


def list_keys(invocation: Invocation, people: Iterable[int]) -> Iterator[str]:
    remaining = iter(people)
    while page := [*itertools.islice(remaining, PAGE_SIZE)]:
        keys = account_queries.keys_by_id(invocation.community, page)
        yield from (keys[account] for account in page)


def find_accounts(invocation: Invocation, keys: Sequence[str]) -> list[int]:
    """Return the accounts with these keys, in their order; every one must be visible."""
    accounts = account_queries.find(invocation.community, keys)
    for key in keys:
        # `channel:key` needs the slower search, which also raises MemberNotFound.
        if key not in accounts:
            account = named_members.get_by_key(key=key, **invocation.verb_args)
            accounts[key] = account.pk
    if invocation.by.scope is None:
        return list(accounts.values())
    people = account_queries.person_ids(accounts.values())
    visible = visibility.filter_visible(accounts=people, **invocation.verb_args)
    for key, account_id in accounts.items():
        if people[account_id] not in visible:
            # The same error as for a key that does not exist.
            raise account_queries.MemberNotFound(
                _("There is no member “%(key)s”.") % {"key": key}
            )
    return list(accounts.values())
