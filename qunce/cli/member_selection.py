"""Members as the command line names them: by key, in a file, by a rule."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import options
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.sets import audiences

PAGE = 10_000


def add_arguments(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Ways to say whom: exactly one of them."""
    whom = parser.add_mutually_exclusive_group(required=required)
    whom.add_argument("--rule", metavar="RULE", help=_("JSON, @file or segment:KEY"))
    whom.add_argument(
        "--members", metavar="KEY,KEY", help=_("keys separated by commas")
    )
    whom.add_argument("--file", metavar="FILE", help=_("one key per line"))


def chosen(args: argparse.Namespace, *, community: Community, by: Staff) -> list[int]:
    """The accounts that `--rule`, `--members` or `--file` mean."""
    if args.rule:
        rule = options.rule(args.rule)
        pages = pages_of(rule=rule, community=community, by=by, at=args.at)
        return [account for page in pages for account in page]
    keys = _keys(args.members, args.file)
    return accounts(community=community, keys=keys, by=by, at=args.at)


def pages_of(after: int = 0, **asked: Any) -> Iterator[list[int]]:
    """An audience in pages of ids, so that a million of them need no memory."""
    while True:
        page = audiences.list_ids(after=after, limit=PAGE, **asked)
        if page:
            yield page
        if len(page) < PAGE:
            return
        after = page[-1]


def accounts(
    *, community: Community, keys: Sequence[str], by: Staff, at: datetime
) -> list[int]:
    """Accounts of these keys. One out of the operator's scope is as good as unknown."""
    found = account_queries.find(community, keys)
    for key in keys:
        if key not in found:
            found[key] = account_queries.get(community, key).pk
    if by.scope is not None:
        rule = {"with_left": {"members": {"keys": list(keys)}}}
        seen = set(audiences.list_ids(community=community, rule=rule, by=by, at=at))
        heads = account_queries.person_ids(found.values())
        for key, account in found.items():
            if heads[account] not in seen:
                raise account_queries.MemberNotFound(
                    _("There is no member “%(key)s”.") % {"key": key}
                )
    return list(found.values())


def _keys(listed: str | None, file: str | None) -> list[str]:
    keys = (listed or "").split(",")
    if file:
        try:
            keys += Path(file).read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise options.BadUsage(
                _("“%(file)s” cannot be read: %(why)s.") % {"file": file, "why": error}
            ) from None
    return _unique(key.strip() for key in keys)


def _unique(keys: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(key for key in keys if key))


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
