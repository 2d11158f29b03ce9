"""Somebody who may sign in; a random password is made and shown this once"""

from __future__ import annotations

import argparse
import getpass
import secrets
import sys

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from qunce.cli import given
from qunce.cli import operator as staff
from qunce.cli.output import Out
from qunce.core import access, errors, operators
from qunce.core.communities import Community
from qunce.core.operators import Operator

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that is taken for another."""


class WeakPassword(errors.Invalid):
    """This password is too easy to guess."""


class LoginTaken(errors.Invalid):
    """Somebody has this login."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name_of_login", metavar="LOGIN", help=_("by which they sign in")
    )
    parser.add_argument("--name", default="", help=_("what people read"))
    parser.add_argument(
        "--role",
        choices=access.Role.values,
        default="owner",
        help=_("what they may do"),
    )
    parser.add_argument(
        "--password", action="store_true", help=_("ask for one, or read it from stdin")
    )
    parser.add_argument(
        "--renew",
        action="store_true",
        help=_("a new password for who is there already"),
    )


def run(args: argparse.Namespace, out: Out) -> int:
    community = given.community(args)
    access.check_may(given.operator(args, community), staff.MANAGE)
    login = args.name_of_login
    word = _asked() if args.password else random_password()
    found = Operator.objects.filter(community=community, login=login).first()
    if args.renew:
        if found is None:
            raise given.unknown(community, login)
        renew(operator=found, password=word)
    else:
        _create(args, community, word)
    told = {"login": login, "password": None if args.password else word}
    out.answer(told, _("Login: %(login)s") % {"login": login})
    if not args.password:
        out.line(_("Password, shown this once: %(password)s") % {"password": word})
    return 0


def _create(args: argparse.Namespace, community: Community, word: str) -> None:
    if Operator.objects.filter(login=args.name_of_login).exists():
        raise LoginTaken(
            _(
                "Somebody has the login “%(login)s” already; --renew gives a new password."
            )
            % {"login": args.name_of_login}
        )
    operators.create(
        community=community,
        login=args.name_of_login,
        name=args.name,
        role=args.role,
        password=word,
        at=args.at,
    )


def renew(*, operator: Operator, password: str) -> None:
    """A new password; what the old one had opened is closed."""
    operator.set_password(password)
    operator.save(update_fields=["password"])


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
