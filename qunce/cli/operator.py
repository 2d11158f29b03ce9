"""List staff, or add a staff account with a role and a scope"""

from __future__ import annotations

import argparse
import getpass
import sys

from django.utils.translation import gettext as _

from qunce.cli import options
from qunce.cli.output import Out
from qunce.core import permissions
from qunce.core.staff import models as staff_models
from qunce.core.staff import ranks
from qunce.core.staff.models import Staff
from qunce.members.people import scope_rules


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action")
    add = actions.add_parser("add")
    add.add_argument("name_of_login", metavar="LOGIN", help=_("login name"))
    add.add_argument("--name", default="", help=_("display name"))
    add.add_argument(
        "--role",
        choices=permissions.Role.values,
        default="operator",
        help=_("role"),
    )
    add.add_argument(
        "--scope", metavar="RULE", help=_("rule for the members they can see")
    )
    add.add_argument(
        "--password",
        action="store_true",
        help=_("ask for a password, or read it from stdin"),
    )
    for each in (add, actions.add_parser("list")):
        options.add_arguments(each)


def run(args: argparse.Namespace, out: Out) -> int:
    community = options.community(args)
    by = options.staff(args, community)
    ranks.check_manage(by)
    if args.action == "add":
        scope = options.rule(args.scope) if args.scope else None
        if scope is not None:
            scope = scope_rules.expand_segments(community, scope)
        staff_models.create(
            community=community,
            login=args.name_of_login,
            name=args.name,
            role=args.role,
            scope=scope,
            password=_password() if args.password else None,
            at=args.at,
        )
    found = list(Staff.objects.filter(community=community).order_by("login"))
    told = [
        {"login": each.login, "name": each.name, "role": each.role, "scope": each.scope}
        for each in found
    ]
    out.answer({"operators": told})
    for each in found:
        out.line(f"{each.login:<30} {each.role:<10} {each.name}")
    return 0


def _password() -> str:
    if sys.stdin.isatty():
        return getpass.getpass()
    return sys.stdin.readline().rstrip("\n")
