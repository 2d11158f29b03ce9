"""`qunce members`: list and show members, merge and unmerge accounts, erase."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.cli import base, member_records, member_selection, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import communities, errors
from qunce.core.facts import facts
from qunce.members.accounts import erasure, suppression
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import (
    corrections,
    named_members,
    people,
    person_export,
)
from qunce.members.staff_in_charge import assignments as staff_assignments
from qunce.members.staff_in_charge import hand_overs
from qunce.sets import audiences, timelines
from qunce.sidebar import member_sidebar

KEY_HELP = N_("the member's key")
IDENTIFIER_KIND_HELP = N_("phone, email, unionid or key")
OTHER_HELP = N_("another account's key")

members = base.Group("members")


class ConfirmationRequired(errors.Refused):
    """An erased member cannot be restored. Add --for-good to confirm."""


@members.command("list", help=N_("List members with everything stored about them"))
@base.option(
    "--rule", metavar="RULE", help=N_("only members who match a rule: JSON or @file")
)
@base.option("--limit", type=int, help=N_("maximum number of members to list"))
@base.option("--after", metavar="KEY", help=N_("continue after this member"))
@options.pass_invocation
def list_members(
    invocation: Invocation, rule: str | None, limit: int | None, after: str | None
) -> None:
    invocation.derive()
    parsed = options.parse_rule(rule) if rule else audiences.EVERYONE
    start = 0
    if after:
        (account,) = member_selection.find_accounts(invocation, [after])
        start = account_queries.person_ids([account])[account]
    person_ids = member_selection.list_people(invocation, parsed, after=start)
    records = member_records.load(invocation, itertools.islice(person_ids, limit))
    invocation.out.write_list("members", records, member_records.format_row)


@members.command("show", help=N_("Show everything stored about a member"))
@base.argument("key", help=KEY_HELP)
@base.option(
    "--facts", "limit", type=int, default=10, help=N_("number of latest facts to show")
)
@options.pass_invocation
def show(invocation: Invocation, key: str, limit: int) -> None:
    invocation.derive()
    account = _get_account(invocation, key)
    account_ids = account_queries.account_ids_of_person(account.pk)
    (record,) = member_records.load(invocation, account_ids[:1])
    latest = timelines.list_facts(
        community=invocation.community, accounts=account_ids, limit=limit
    )
    record["facts"] = [
        {
            "kind": fact.kind,
            "happened_at": fact.happened_at.isoformat(),
            **fact.payload,
        }
        for fact in latest
    ]
    invocation.out.answer(record, *member_records.format_record(record))
    zone = communities.zone(invocation.community)
    for fact in latest:
        local = fact.happened_at.astimezone(zone)
        invocation.out.line(f"  {local:%Y-%m-%d %H:%M}  {facts.label_of(fact.kind)}")


@members.command(
    "sidebar", help=N_("Show what to offer a member now and why, and what is due")
)
@base.argument("key", help=KEY_HELP)
@options.pass_invocation
def sidebar(invocation: Invocation, key: str) -> None:
    invocation.derive()
    account = _get_account(invocation, key)
    shown = member_sidebar.load(account=account.pk, **invocation.verb_args)
    record = {
        "remark": shown.remark,
        "has_opted_out": shown.has_opted_out,
        "offers": [dataclasses.asdict(offer) for offer in shown.offers],
        "due": [dataclasses.asdict(item) for item in shown.due],
        "texts": [dataclasses.asdict(text) for text in shown.texts],
    }
    lines = [f"{offer.what}: {offer.why}" for offer in shown.offers]
    lines += [f"{item.due}  {item.text}" for item in shown.due]
    invocation.out.answer(record, shown.remark, *lines)


@members.command("merge", help=N_("Merge two accounts that belong to one person"))
@base.argument("key", help=KEY_HELP)
@base.argument("other", help=OTHER_HELP)
@base.option("--note", default="", help=N_("why they are the same person"))
@options.pass_invocation
def merge(invocation: Invocation, key: str, other: str, note: str) -> None:
    left, right = _get_account(invocation, key), _get_account(invocation, other)
    people.merge(left=left, right=right, note=note, **invocation.verb_args)
    keys = {"left": left.key, "right": right.key}
    invocation.out.answer(keys, _("%(left)s and %(right)s are one person.") % keys)


@members.command("unmerge", help=N_("Undo the last merge of two accounts"))
@base.argument("key", help=KEY_HELP)
@base.argument("other", help=OTHER_HELP)
@options.pass_invocation
def unmerge(invocation: Invocation, key: str, other: str) -> None:
    left, right = _get_account(invocation, key), _get_account(invocation, other)
    people.unmerge(left=left, right=right, **invocation.verb_args)
    keys = {"left": left.key, "right": right.key}
    invocation.out.answer(keys, _("%(left)s and %(right)s are two people.") % keys)


@members.command("erase", help=N_("Erase a member permanently"))
@base.argument("key", help=KEY_HELP)
@base.option("--for-good", is_flag=True, help=N_("confirm that this cannot be undone"))
@options.pass_invocation
def erase(invocation: Invocation, key: str, for_good: bool) -> None:
    account = _get_account(invocation, key)
    if not for_good:
        raise ConfirmationRequired(
            _("An erased member cannot be restored. Add --for-good to confirm.")
        )
    person_id = people.erase(account=account, **invocation.verb_args)
    # A job does this as well, but perhaps no worker is running.
    erasure.scrub(str(person_id), at=invocation.at)
    invocation.out.answer(
        {"erased": key},
        _("%(key)s was erased and is no longer in any set.") % {"key": key},
    )


@members.command("assign", help=N_("Put a staff member in charge of members"))
@member_selection.selection_options
@base.option("--to", "name", metavar="STAFF", help=N_("login or name; none for nobody"))
@base.option(
    "--expect", type=int, metavar="N", help=N_("stop unless this many are selected")
)
@options.pass_invocation
def assign(
    invocation: Invocation,
    rule: str | None,
    members: str | None,
    file: str | None,
    name: str | None,
    expect: int | None,
) -> None:
    selected = member_selection.select(
        invocation, rule=rule, members=members, file=file
    )
    if expect is not None:
        staff_assignments.check_count(selected, expect)
    community = invocation.community
    staff = staff_assignments.get_staff(community, name) if name else None
    hand_over = hand_overs.create(
        accounts=selected, staff=staff, **invocation.verb_args
    )
    changed = hand_over.changed
    text = ngettext(
        "%(n)s member has another staff member in charge now.",
        "%(n)s members have another staff member in charge now.",
        changed,
    )
    invocation.out.answer(
        {"id": hand_over.pk, "selected": len(selected), "changed": changed},
        text % {"n": f"{changed:,}"},
    )


@members.command("undo-assign", help=N_("Put back who was in charge before"))
@base.argument("hand_over", type=int, help=N_("the id that `assign --json` gave"))
@options.pass_invocation
def undo_assign(invocation: Invocation, hand_over: int) -> None:
    row = hand_overs.get(pk=hand_over, **invocation.verb_args)
    undone = hand_overs.undo(hand_over=row, **invocation.verb_args)
    invocation.out.answer(
        {"restored": undone.restored, "kept": undone.kept},
        hand_overs.describe_undo(undone),
    )


@members.command("correct", help=N_("Remove or replace a wrong identifier"))
@base.argument("key", help=KEY_HELP)
@base.option("--kind", default="phone", help=IDENTIFIER_KIND_HELP)
@base.option("--value", required=True, help=N_("the wrong value"))
@base.option("--new", default="", help=N_("the right value; without it, none"))
@options.pass_invocation
def correct(invocation: Invocation, key: str, kind: str, value: str, new: str) -> None:
    account = _get_account(invocation, key)
    joins = corrections.correct(
        account=account,
        kind=kind,
        value=value,
        new=new,
        by=invocation.by,
        at=invocation.at,
    )
    ids = {
        pk
        for each in (*joins.merged, *joins.parted)
        for pk in (each.left_id, each.right_id)
    }
    keys = account_queries.keys_by_id(invocation.community, ids)
    pairs = {
        name: [
            {"left": keys[each.left_id], "right": keys[each.right_id]} for each in found
        ]
        for name, found in (("parted", joins.parted), ("joined", joins.merged))
    }
    invocation.out.answer(
        {"corrected": key, **pairs},
        _("Saved."),
        *(
            _("%(left)s and %(right)s are two people.") % pair
            for pair in pairs["parted"]
        ),
        *(
            _("%(left)s and %(right)s are one person.") % pair
            for pair in pairs["joined"]
        ),
    )


@members.command(
    "export-data", help=N_("Write everything stored about a person to an archive")
)
@base.argument("key", help=KEY_HELP)
@base.option(
    "--output", required=True, metavar="FILE", help=N_("the ZIP file to write")
)
@options.pass_invocation
def data(invocation: Invocation, key: str, output: str) -> None:
    invocation.derive()
    account = _get_account(invocation, key)
    exported = person_export.export(account=account.pk, **invocation.verb_args)
    try:
        Path(output).write_bytes(exported.to_zip())
    except OSError as error:
        raise options.BadUsage(
            _("“%(file)s” cannot be written: %(why)s.") % {"file": output, "why": error}
        ) from None
    sizes = {name: len(records) for name, records in exported.sections.items()}
    invocation.out.answer(
        {"file": output, "sections": sizes},
        _("Written to %(file)s.") % {"file": output},
    )


@members.command(
    "lift-suppression",
    help=N_("Allow an erased person to be a member again, at their request"),
)
@base.option("--kind", default="phone", help=IDENTIFIER_KIND_HELP)
@base.option("--value", required=True, help=N_("a key or identifier of this person"))
@options.pass_invocation
def lift_suppression(invocation: Invocation, kind: str, value: str) -> None:
    suppression.lift(
        community=invocation.community,
        kind=kind,
        value=value,
        by=invocation.by,
        at=invocation.at,
    )
    invocation.out.answer(
        {"lifted": True}, _("This person can be added as a member again.")
    )


def _get_account(invocation: Invocation, key: str) -> Account:
    return named_members.get_by_key(key=key, **invocation.verb_args)
