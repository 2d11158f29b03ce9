"""`qunce doctor`: derived data compared with the primary database."""

from __future__ import annotations

from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.sets.doctor import doctor as data_doctor
from qunce.sets.mirror import deriver


@base.command("doctor")
@base.option("--repair", is_flag=True, help=N_("repair differences"))
@options.pass_invocation
def doctor(invocation: Invocation, repair: bool) -> int:
    """Return 1 if there are differences, or if some are left after a repair."""
    # Facts that are not derived yet are no difference.
    deriver.catch_up()
    found = data_doctor.run_checks(repair=repair)
    # Checked again, because a repair may fail or uncover another difference.
    left = data_doctor.run_checks() if repair and found else found
    out = invocation.out
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


def _record(finding: data_doctor.Finding) -> dict[str, str]:
    return {
        "code": finding.code,
        "subject": str(finding.subject),
        "text": str(finding.text),
    }
