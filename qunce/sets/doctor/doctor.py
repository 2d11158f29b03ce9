"""Compares what is derived with truth, says what differs, and can mend it.

Each room registers its own examinations; those of `sets` are in `checkups`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Repair = Callable[[], object]


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be. `text` is a sentence for a person.

    `mend` is done once, however many findings name it; None where a person must look.
    """

    code: str
    subject: str
    text: str
    mend: Repair | None = field(default=None, compare=False)


Check = Callable[[], Iterator[Finding]]
_checks: dict[str, Check] = {}


def register_check(name: str) -> Callable[[Check], Check]:
    """Registers an examination: a generator of findings that changes nothing."""

    def register(examination: Check) -> Check:
        _checks[name] = examination
        return examination

    return register


def check_names() -> list[str]:
    return list(_checks)


def run_checks(*, repair: bool = False, only: str = "") -> list[Finding]:
    """Run all examinations, or one; with `repair`, mend what was found.

    Returns what was found before mending; examine again to see what is left.
    """
    found = []
    for name, examination in _checks.items():
        if not only or name == only:
            found += list(examination())
    if repair:
        for mend in dict.fromkeys(each.mend for each in found if each.mend):
            mend()
    return found
