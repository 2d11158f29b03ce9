"""Show a member, merge or unmerge two accounts, or erase a member"""

from __future__ import annotations

import argparse
from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import options, output
from qunce.cli.output import Out
from qunce.core import communities, errors
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.facts.facts import RecordedFact
from qunce.members.accounts import erasure
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import people
from qunce.members.people.people import Person
from qunce.sets import audiences, timelines
from qunce.sets.mirror import deriver

NEWEST = 10


class NotForGood(errors.Refused):
    """An erased member does not come back: say --for-good."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    show, merge, part, erase = map(
        actions.add_parser, ("show", "merge", "part", "erase")
    )
    for each in (show, merge, part, erase):
        each.add_argument("key", metavar="KEY", help=_("the member's key"))
    for each in (merge, part):
        each.add_argument("other", metavar="OTHER", help=_("another account's key"))
    show.add_argument(
        "--facts", type=int, default=NEWEST, help=_("number of latest facts to show")
    )
    merge.add_argument("--note", default="", help=_("why they are the same person"))
    erase.add_argument(
        "--for-good", action="store_true", help=_("confirm that this cannot be undone")
    )
    for each in (show, merge, part, erase):
        options.add_arguments(each)


def run(args: argparse.Namespace, out: Out) -> int:
    community = options.community(args)
    about = {"by": options.staff(args, community), "at": args.at}
    deriver.catch_up(most=options.BEARABLE)
    account = _account(community, args.key, about)
    if args.action == "show":
        _show(args, out, people.get(community, args.key))
    elif args.action == "erase":
        _erase(args, out, account, about)
    else:
        other = _account(community, args.other, about)
        _join_or_part(args, out, (account, other), about)
    return 0


def _account(community: Community, key: str, about: dict[str, Any]) -> Account:
    """Outside the operator's scope there is nobody."""
    account = account_queries.get(community, key)
    rule = {"with_left": {"members": {"keys": [key]}}}
    if not audiences.count(community=community, rule=rule, **about):
        raise account_queries.MemberNotFound(
            _("There is no member “%(key)s”.") % {"key": key}
        )
    return account


def _join_or_part(
    args: argparse.Namespace,
    out: Out,
    pair: tuple[Account, Account],
    about: dict[str, Any],
) -> None:
    left, right = pair
    keys = {"left": left.key, "right": right.key}
    if args.action == "merge":
        people.merge(left=left, right=right, note=args.note, **about)
        out.answer(keys, _("%(left)s and %(right)s are one person.") % keys)
    else:
        people.unmerge(left=left, right=right, **about)
        out.answer(keys, _("%(left)s and %(right)s are two people.") % keys)


def _erase(
    args: argparse.Namespace, out: Out, account: Account, about: dict[str, Any]
) -> None:
    if not args.for_good:
        raise NotForGood(
            _("An erased member cannot be restored. Add --for-good to confirm.")
        )
    head = people.erase(account=account, **about)
    # The duty does it as well, but perhaps nobody serves.
    erasure.scrub(str(head), at=args.at)
    out.answer(
        {"erased": args.key},
        _("%(key)s was erased and is no longer in any set.") % {"key": args.key},
    )


def _show(args: argparse.Namespace, out: Out, person: Person) -> None:
    first = person.accounts[0]
    zone = communities.zone(first.community)
    happened = timelines.list_facts(
        community=first.community,
        accounts=[account.pk for account in person.accounts],
        limit=args.facts,
    )
    known = {name: held.text for name, held in person.attributes.items()}
    told = {
        "name": person.name,
        "accounts": [f"{each.channel}:{each.key}" for each in person.accounts],
        "present": person.present,
        "joined_at": person.joined_at.astimezone(zone).isoformat(),
        "identifiers": [f"{kind} {value}" for kind, value in person.identifiers],
        "tags": person.tags,
        "attributes": known,
        "facts": [_told(fact) for fact in happened],
    }
    out.answer(told, *_lines(told))
    for fact in happened:
        local = fact.happened_at.astimezone(zone)
        out.line(f"  {local:%Y-%m-%d %H:%M}  {facts.label_of(fact.kind)}")


def _told(fact: RecordedFact) -> dict[str, Any]:
    return {
        "kind": fact.kind,
        "happened_at": fact.happened_at.isoformat(),
        **fact.payload,
    }


def _lines(told: dict[str, Any]) -> list[str]:
    tags = [
        f"{key} ×{depth}" if depth > 1 else key for key, depth in told["tags"].items()
    ]
    known = [f"{name}: {text}" for name, text in told["attributes"].items()]
    here = _("is in the community") if told["present"] else _("has left the community")
    rows = {
        _("name"): [told["name"], here],
        _("accounts"): told["accounts"],
        _("identifiers"): told["identifiers"],
        _("tags"): tags,
        _("attributes"): known,
    }
    return [
        f"{output.padded(name, 14)} {_(', ').join(said) or '–'}"
        for name, said in rows.items()
    ]
