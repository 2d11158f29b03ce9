"""`qunce staff`: who works here, with which role and over which part of the community."""

from __future__ import annotations

import getpass
import secrets
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import errors, permissions
from qunce.core.staff import linked_accounts, passwords, provider_accounts
from qunce.core.staff import models as staff_models
from qunce.core.staff import staff as staff_store
from qunce.core.staff.models import Staff
from qunce.members.people import scope_rules
from qunce.members.rule_text import contact_masks

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters that are not mistaken for each other."""
DEFAULT_ROLE = permissions.Role.OPERATOR
LOGIN_HELP = N_("login name")

F = TypeVar("F", bound=Callable[..., Any])

staff = base.Group("staff")


class WeakPassword(errors.Invalid):
    """This password is too easy to guess."""


class LoginTaken(errors.Invalid):
    """This login is already taken."""


def _profile_options(function: F) -> F:
    for decorate in (
        base.option(
            "--groups",
            metavar="KEY,KEY",
            help=N_("keys of the only groups they can see"),
        ),
        base.option(
            "--scope", metavar="RULE", help=N_("rule for the members they can see")
        ),
        base.option(
            "--role", type=click.Choice(permissions.Role.values), help=N_("role")
        ),
        base.option("--email", help=N_("e-mail address")),
        base.option("--name", help=N_("display name")),
    ):
        function = decorate(function)
    return function


@staff.command("list", help=N_("List staff accounts"))
@options.pass_invocation
def list_staff(invocation: Invocation) -> None:
    permissions.check_manage_staff(invocation.by)
    rows = [
        {
            "login": member.login,
            "name": member.name,
            "role": member.role,
            "scope": contact_masks.masked(member.scope, invocation.by),
            "groups": member.groups,
            "is_active": member.is_active,
        }
        for member in staff_store.list_all(invocation.community)
    ]
    invocation.out.answer({"staff": rows})
    for row in rows:
        state = "" if row["is_active"] else _("deactivated")
        line = f"{row['login']:<30} {row['role']:<10} {row['name']}  {state}"
        invocation.out.line(line.rstrip())


@staff.command(
    "add",
    help=N_("Add a staff account; its random password is shown only once"),
)
@base.argument("login", help=LOGIN_HELP)
@_profile_options
@base.option(
    "--password", is_flag=True, help=N_("ask for a password, or read it from stdin")
)
@base.option(
    "--renew", is_flag=True, help=N_("set a new password for an existing account")
)
@options.pass_invocation
def add(
    invocation: Invocation,
    login: str,
    password: bool,
    renew: bool,
    **profile: str | None,
) -> None:
    # Otherwise a role given with --renew would be ignored silently.
    if renew and any(value is not None for value in profile.values()):
        raise options.BadUsage(
            _("--renew changes only the password. Use `qunce staff edit` for the rest.")
        )
    new_password = read_password() if password else random_password()
    if renew:
        member = _get(invocation, login)
        passwords.set_temporary(
            staff=member, password=new_password, **invocation.verb_args
        )
    elif Staff.objects.filter(login__iexact=login).exists():
        raise LoginTaken(
            _(
                "The login “%(login)s” is already taken. Use --renew to set a new password."
            )
            % {"login": login}
        )
    else:
        fields = _fields(invocation, profile)
        if "role" not in fields:
            # The first account of a community is its owner.
            owners = staff_store.list_all(
                invocation.community, role=permissions.Role.OWNER
            )
            is_first = not owners.exists()
            fields["role"] = permissions.Role.OWNER if is_first else DEFAULT_ROLE
        member = staff_store.add(
            login=login,
            password=new_password,
            **{"name": login, **fields},
            **invocation.verb_args,
        )
    if password:
        # Only a password that was made up here must be changed at the first sign-in.
        Staff.objects.filter(pk=member.pk).update(password_is_temporary=False)
    shown = None if password else new_password
    invocation.out.answer(
        {"login": login, "role": member.role, "password": shown},
        _("Login: %(login)s") % {"login": login},
    )
    if shown:
        invocation.out.line(
            _("Password (shown only once): %(password)s") % {"password": shown}
        )


def _fields(invocation: Invocation, profile: dict[str, str | None]) -> dict[str, Any]:
    """Return what was given, as the verbs of staff take it."""
    fields: dict[str, Any] = {
        name: value for name, value in profile.items() if value is not None
    }
    if fields.get("scope"):
        # Written out, because a segment that grows would widen what they can see.
        rule = options.parse_rule(fields["scope"])
        fields["scope"] = scope_rules.expand_segments(invocation.community, rule)
    if "groups" in fields:
        keys = [key.strip() for key in fields["groups"].split(",")]
        fields["groups"] = sorted(filter(None, keys))
    return fields


@staff.command("edit", help=N_("Change a staff account"))
@base.argument("login", help=LOGIN_HELP)
@_profile_options
@base.option("--new-login", metavar="LOGIN", help=N_("new login name"))
@base.option("--all-members", is_flag=True, help=N_("remove the scope"))
@base.option("--all-groups", is_flag=True, help=N_("let them see all groups"))
@options.pass_invocation
def edit(
    invocation: Invocation,
    login: str,
    new_login: str | None,
    all_members: bool,
    all_groups: bool,
    **profile: str | None,
) -> None:
    member = _get(invocation, login)
    changes = _fields(invocation, profile)
    if new_login:
        changes["login"] = new_login
    if all_members:
        changes["scope"] = None
    if all_groups:
        changes["groups"] = None
    staff_store.update(staff=member, **changes, **invocation.verb_args)
    invocation.out.answer(
        {"login": member.login, "role": member.role},
        _("“%(login)s” saved.") % {"login": member.login},
    )


@staff.command("deactivate", help=N_("Deactivate a staff account and end its sessions"))
@base.argument("login", help=LOGIN_HELP)
@options.pass_invocation
def deactivate(invocation: Invocation, login: str) -> None:
    member = _get(invocation, login)
    staff_store.deactivate(staff=member, **invocation.verb_args)
    invocation.out.answer(
        {"login": login, "is_active": False},
        _("“%(login)s” can no longer sign in.") % {"login": login},
    )


@staff.command("reactivate", help=N_("Reactivate a staff account"))
@base.argument("login", help=LOGIN_HELP)
@options.pass_invocation
def reactivate(invocation: Invocation, login: str) -> None:
    member = _get(invocation, login)
    staff_store.reactivate(staff=member, **invocation.verb_args)
    invocation.out.answer(
        {"login": login, "is_active": True},
        _("“%(login)s” can sign in again.") % {"login": login},
    )


@staff.command("link", help=N_("Link the accounts of one person in two communities"))
@base.argument("login", help=LOGIN_HELP)
@base.argument("other", help=N_("login name in the other community"))
@options.pass_invocation
def link(invocation: Invocation, login: str, other: str) -> None:
    member, second = _get(invocation, login), _get_elsewhere(invocation, other)
    by = (invocation.by, staff_models.system(second.community))
    linked_accounts.link(first=member, second=second, by=by, at=invocation.at)
    invocation.out.answer(
        {"login": member.login, "other": second.login},
        _("“%(login)s” and “%(other)s” are linked.")
        % {"login": member.login, "other": second.login},
    )


@staff.command("unlink", help=N_("Part an account from those in other communities"))
@base.argument("login", help=LOGIN_HELP)
@options.pass_invocation
def unlink(invocation: Invocation, login: str) -> None:
    linked_accounts.unlink(staff=_get(invocation, login), **invocation.verb_args)
    invocation.out.answer(
        {"login": login}, _("“%(login)s” is no longer linked.") % {"login": login}
    )


@staff.command(
    "unlink-provider",
    help=N_("Unlink an account from the sign-in service"),
)
@base.argument("login", help=LOGIN_HELP)
@options.pass_invocation
def unlink_provider(invocation: Invocation, login: str) -> None:
    provider_accounts.unlink(staff=_get(invocation, login), **invocation.verb_args)
    invocation.out.answer(
        {"login": login}, _("“%(login)s” is no longer linked.") % {"login": login}
    )


def _get_elsewhere(invocation: Invocation, login: str) -> Staff:
    rows = Staff.objects.filter(login=login).exclude(community=invocation.community)
    if invocation.is_by_staff or not rows:
        # Staff learn nothing of other communities.
        raise staff_store.StaffNotFound(
            _("There is no account “%(login)s” in another community.")
            % {"login": login}
        )
    return rows.select_related("community").get()


def _get(invocation: Invocation, login: str) -> Staff:
    # Not the system user, which is no account of anybody.
    accounts = staff_store.list_all(invocation.community)
    member = accounts.filter(login=login).first()
    if member is None:
        raise options.staff_not_found(invocation.community, login)
    return member


def random_password() -> str:
    """Return four groups of four letters: 79 bits, and easy to copy by hand."""
    groups = [
        "".join(secrets.choice(LETTERS) for _letter in range(4)) for _group in range(4)
    ]
    return "-".join(groups)


def read_password() -> str:
    if sys.stdin.isatty():
        password = getpass.getpass(_("Password: "))
    else:
        password = sys.stdin.readline().rstrip("\n")
    try:
        password_validation.validate_password(password)
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages)) from None
    return password
