"""Compare all derived data with the primary database, and repair differences"""

from __future__ import annotations

import argparse

from django.utils.translation import gettext as _

from qunce.cli.output import Out
from qunce.sets.doctor import doctor
from qunce.sets.mirror import deriver


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repair", action="store_true", help=_("repair differences"))


def run(args: argparse.Namespace, out: Out) -> int:
    """1 when something differs; after a repair, when something still does."""
    deriver.catch_up()
    found = doctor.run_checks(repair=args.repair)
    left = doctor.run_checks() if args.repair and found else found
    out.answer(
        {
            "found": [_told(each) for each in found],
            "left": [_told(each) for each in left],
        },
        *(f"{each.code}: {each.text}" for each in found),
    )
    if not found:
        out.line(_("All derived data matches the primary database."))
    elif args.repair:
        out.line(
            _("Repaired.") if not left else _("Some differences could not be repaired.")
        )
    return 1 if left else 0


def _told(finding: doctor.Finding) -> dict[str, str]:
    return {
        "code": finding.code,
        "subject": str(finding.subject),
        "text": str(finding.text),
    }
