"""The doctor compares derived data with the truth, lists what differs and can repair it.

Each domain registers its own checks; those of `sets` are in `checks` and `key_checks`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

log = logging.getLogger(__name__)
MAX_ERROR_LENGTH = 300

Repair = Callable[[], object]


@dataclass(frozen=True)
class Finding:
    """Something that is wrong. `text` is a sentence for a person.

    `repair` is called once, however many findings have it. It is None where a person
    must decide.
    """

    code: str
    subject: str
    text: str
    repair: Repair | None = field(default=None, compare=False)


Check = Callable[[], Iterator[Finding]]
_checks: dict[str, tuple[Check, Repair | None]] = {}


def register_check(
    name: str, *, repair: Repair | None = None
) -> Callable[[Check], Check]:
    """A decorator that registers a check: a generator of findings that changes nothing.

    `repair` is for data that the check cannot even read.
    """

    def register(check: Check) -> Check:
        _checks[name] = check, repair
        return check

    return register


def run_checks(*, repair: bool = False, only: str = "") -> list[Finding]:
    """Run all checks, or the one named `only`; with `repair`, repair what they find.

    Returns the findings from before the repair; run again to see what is left.
    """
    findings = []
    for name in _checks:
        if not only or name == only:
            findings += _run_check(name)
    if repair:
        # All checks come first: a repair may read what another check still has to see
        # as it was.
        repairs = (finding.repair for finding in findings if finding.repair)
        for repair_once in dict.fromkeys(repairs):
            repair_once()
    return findings


def _run_check(name: str) -> list[Finding]:
    check, repair = _checks[name]
    findings: list[Finding] = []
    try:
        findings += check()
    # What cannot be read is what the doctor is for, in whatever way it shows.
    except Exception as error:
        log.info("check %s stopped", name, exc_info=error)
        text = _(
            "The check “%(check)s” stopped, because something cannot be read: %(why)s"
        )
        why = " ".join(str(error).split()) or type(error).__name__
        params = {"check": name, "why": why[:MAX_ERROR_LENGTH]}
        findings.append(Finding("unreadable", name, text % params, repair))
    return findings
