"""Add a staff account; a random password is generated and shown only once"""

from __future__ import annotations

import argparse
import getpass
import secrets
import sys

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from qunce.cli import options
from qunce.cli.output import Out
from qunce.core import errors, permissions
from qunce.core.staff import passwords, staff
from qunce.core.staff.models import Staff

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that is taken for another."""


class WeakPassword(errors.Invalid):
    """This password is too easy to guess."""


class LoginTaken(errors.Invalid):
    """Somebody has this login."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name_of_login", metavar="LOGIN", help=_("login name"))
    parser.add_argument("--name", default="", help=_("display name"))
    parser.add_argument(
        "--role",
        choices=permissions.Role.values,
        default="owner",
        help=_("role"),
    )
    parser.add_argument(
        "--password",
        action="store_true",
        help=_("ask for a password, or read it from stdin"),
    )
    parser.add_argument(
        "--renew",
        action="store_true",
        help=_("set a new password for an existing account"),
    )


def run(args: argparse.Namespace, out: Out) -> int:
    community = options.community(args)
    by = options.staff(args, community)
    login = args.name_of_login
    word = _asked() if args.password else random_password()
    if args.renew:
        found = staff.listed(community).filter(login=login).first()
        if found is None:
            raise options.unknown(community, login)
        passwords.set_temporary(staff=found, password=word, by=by, at=args.at)
    else:
        found = _create(args, by, word)
    if args.password:
        # Chosen by a person; a random one is chosen anew at the first sign-in.
        Staff.objects.filter(pk=found.pk).update(password_is_temporary=False)
    told = {"login": login, "password": None if args.password else word}
    out.answer(told, _("Login: %(login)s") % {"login": login})
    if not args.password:
        out.line(_("Password (shown only once): %(password)s") % {"password": word})
    return 0


def _create(args: argparse.Namespace, by: Staff, word: str) -> Staff:
    if Staff.objects.filter(login__iexact=args.name_of_login).exists():
        raise LoginTaken(
            _(
                "The login “%(login)s” is already taken. Use --renew to set a new password."
            )
            % {"login": args.name_of_login}
        )
    return staff.add(
        login=args.name_of_login,
        name=args.name or args.name_of_login,
        role=args.role,
        password=word,
        by=by,
        at=args.at,
    )


def random_password() -> str:
    """Four groups of four: 79 bits, and easy to copy by hand."""
    return "-".join(
        "".join(secrets.choice(LETTERS) for _letter in range(4)) for _group in range(4)
    )


def _asked() -> str:
    if sys.stdin.isatty():
        word = getpass.getpass(_("Password: "))
    else:
        word = sys.stdin.readline().rstrip("\n")
    try:
        password_validation.validate_password(word)
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages)) from None
    return word
