"""The doctor compares derived data with the truth, lists what differs and can repair it.

Each domain registers its own checks; those of `sets` are in `checks` and `key_checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

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
_checks: dict[str, Check] = {}


def register_check(name: str) -> Callable[[Check], Check]:
    """A decorator that registers a check: a generator of findings that changes nothing."""

    def register(check: Check) -> Check:
        _checks[name] = check
        return check

    return register


def run_checks(*, repair: bool = False, only: str = "") -> list[Finding]:
    """Run all checks, or the one named `only`; with `repair`, repair what they find.

    Returns the findings from before the repair; run again to see what is left.
    """
    findings = []
    for name, check in _checks.items():
        if not only or name == only:
            findings += list(check())
    if repair:
        # All checks come first: a repair may read what another check still has to see
        # as it was.
        repairs = (finding.repair for finding in findings if finding.repair)
        for repair_once in dict.fromkeys(repairs):
            repair_once()
    return findings
