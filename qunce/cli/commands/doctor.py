"""`qunce doctor`: derived data compared with the primary database.

With --numbers, numbers are compared with each other.
"""

from __future__ import annotations

import contextlib
import logging

import click
from django.db import DatabaseError
from django.utils.translation import gettext as _

from qunce.cli import base, number_reports, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core.data_dir import DatabaseDamaged
from qunce.core.jobs import clock_watch
from qunce.sets.doctor import doctor as data_doctor
from qunce.sets.doctor.doctor import Finding
from qunce.sets.mirror import deriver, rebuild

log = logging.getLogger(__name__)
DEFAULT_SECONDS = 120


@base.command("doctor")
@base.option("--repair", is_flag=True, help=N_("repair differences"))
@base.option(
    "--numbers", is_flag=True, help=N_("compare the numbers of each community")
)
@base.option(
    "--seconds",
    type=click.IntRange(1, 86_400),
    default=DEFAULT_SECONDS,
    help=N_("with --numbers: how long to compare each community"),
)
@options.pass_invocation_of_repair
def doctor(
    invocation: Invocation,
    repair: bool,
    numbers: bool,
    seconds: int,
    damaged: DatabaseDamaged | None,
) -> int:
    """Return 1 if there are differences, or if some are left after a repair."""
    out = invocation.out
    if numbers and repair:
        raise options.BadUsage(
            _("--numbers compares and repairs nothing. Leave out --repair.")
        )
    if numbers and damaged is None:
        return number_reports.report(invocation, seconds=seconds)
    if damaged is not None:
        found = [Finding("database", damaged.alias, str(damaged))]
        # Nothing else can be checked until its database can be read.
        left = found if damaged.alias == "default" or not repair else _rebuild()
    else:
        found = _check(invocation, repair=repair)
        # Checked again, because a repair may fail or uncover another difference.
        left = data_doctor.run_checks() if repair and found else found
    out.answer(
        {"found": [*map(_record, found)], "left": [*map(_record, left)]},
        *(f"{finding.code}: {finding.text}" for finding in found),
    )
    if not found:
        out.line(_("All derived data matches the primary database."))
    elif repair:
        out.line(
            _("Repaired.") if not left else _("Some differences could not be repaired.")
        )
    return 1 if left else 0


def _check(invocation: Invocation, *, repair: bool) -> list[Finding]:
    # What it could not do is among the findings.
    with contextlib.suppress(DatabaseError):
        clock_watch.check(at=invocation.now)
    try:
        # Facts that are not derived yet are no difference.
        deriver.catch_up()
    except Exception as error:
        log.info("facts could not be derived", exc_info=error)
    return data_doctor.run_checks(repair=repair)


def _rebuild() -> list[Finding]:
    rebuild.rebuild_all()
    data_doctor.run_checks(repair=True)
    return data_doctor.run_checks()


def _record(finding: Finding) -> dict[str, str]:
    return {
        "code": finding.code,
        "subject": str(finding.subject),
        "text": str(finding.text),
    }
