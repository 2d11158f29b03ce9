"""`qunce staff-accounts`: the accounts of people who work here, whom no number counts."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core.staff import staff as staff_store
from qunce.groups import labels, staff_lists
from qunce.groups.staff_lists import StaffPerson
from qunce.members.accounts import masking
from qunce.members.people import named_members
from qunce.members.people import staff_accounts as marks

MEMBER_HELP = N_("the member's key, phone number or e-mail address")

staff_accounts = base.Group("staff-accounts")


@staff_accounts.command("list", help=N_("List the people who work here, and why"))
@options.pass_invocation
def list_people(invocation: Invocation) -> None:
    rows = staff_lists.list_people(**invocation.verb_args)
    _answer(invocation, rows)


@staff_accounts.command(
    "mark", help=N_("Mark a member as somebody who works here, whom no number counts")
)
@base.argument("member", help=MEMBER_HELP)
@base.option(
    "--staff", "login", help=N_("login of the staff member whose account it is")
)
@options.pass_invocation
def mark(invocation: Invocation, member: str, login: str | None) -> None:
    account = named_members.get_by_key(key=member, **invocation.verb_args)
    owner = staff_store.get_by_login(invocation.by, login) if login else None
    marks.mark(accounts=[account.pk], staff=owner, **invocation.verb_args)
    row = staff_lists.get_person(account=account.pk, **invocation.verb_args)
    _answer(invocation, [row])


@staff_accounts.command("unmark", help=N_("Count a member again"))
@base.argument("member", help=MEMBER_HELP)
@options.pass_invocation
def unmark(invocation: Invocation, member: str) -> None:
    account = named_members.get_by_key(key=member, **invocation.verb_args)
    marks.unmark(account=account.pk, **invocation.verb_args)
    row = staff_lists.get_person(account=account.pk, **invocation.verb_args)
    _answer(invocation, [row])


def _answer(invocation: Invocation, rows: list[StaffPerson]) -> None:
    records: list[dict[str, Any]] = [
        {
            "member_key": masking.key(row.account.key, invocation.by),
            "name": row.account.name,
            "is_marked": row.is_marked,
            "staff": row.staff.login if row.staff else None,
            "roles": {one.group.key: one.role for one in row.memberships},
        }
        for row in rows
    ]
    invocation.out.answer({"staff_accounts": records})
    for row, record in zip(rows, records, strict=True):
        reasons = [
            *([_("marked")] if row.is_marked else []),
            *(
                f"{one.group.name}: {labels.label_of(labels.ROLES, one.role)}"
                for one in row.memberships
            ),
        ]
        invocation.out.line(
            f"{record['member_key']:<24} {record['name']}  {', '.join(reasons) or '–'}"
        )
