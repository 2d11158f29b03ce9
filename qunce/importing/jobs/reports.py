"""The report of an import, as the API and the command line give it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from qunce.core import money

if TYPE_CHECKING:
    from qunce.importing.jobs.jobs import ImportJob
    from qunce.importing.target_registry import Target

MILLIONTHS = "_millionths"
"""In names of counts that are decimals, stored as integers."""


def decimal_counts(counts: Mapping[str, int]) -> dict[str, int | str]:
    """Return amounts, which are counted in millionths, as exact decimals."""
    decimals: dict[str, int | str] = {}
    for name, number in counts.items():
        if MILLIONTHS in name:
            amount = (Decimal(number) / 1_000_000).normalize()
            decimals[name.replace(MILLIONTHS, "")] = format(amount, "f")
        else:
            decimals[name] = number
    return decimals


NEW, CHANGED, KNOWN, SKIPPED, SUPPRESSED = (
    "new",
    "changed",
    "known",
    "skipped",
    "suppressed",
)
FATES = (NEW, CHANGED, KNOWN, SKIPPED, SUPPRESSED)
"""What becomes of a row that is not broken, or of an order with several rows."""
LEFT_OUT = "left_out"
"""Name of the count of rows that are no data, which are among those skipped and read."""
OWN_NAMES = {
    "members": {NEW: "members"},
    "facts": {NEW: "facts"},
    # An order has several rows in many files.
    "orders": {fate: f"rows_{fate}" for fate in FATES},
}
"""Names of counts of a target that are the same in its words."""
MONEY_PARTS = ("paid", "refunded", "net")
"""Counts of money are named after these, with the currency, as in `paid:CNY`."""


@dataclass(frozen=True)
class Money:
    """Amounts of an import's orders in one currency, formatted."""

    currency: str
    paid: str
    refunded: str
    net: str


def count_name(target: str, fate: str) -> str:
    """Return the name of the count for what became of a target's rows."""
    return OWN_NAMES.get(target, {}).get(fate, fate)


def count_fates(job: ImportJob) -> dict[str, int]:
    """Return what became of the rows; with the broken ones they add up to all of them."""
    return {fate: job.counts.get(count_name(job.target, fate), 0) for fate in FATES}


def count_rows(job: ImportJob) -> int:
    """Return the rows read that are data, of which the shown counts are the parts."""
    return job.rows_read - job.counts.get(LEFT_OUT, 0)


def list_money(counts: Mapping[str, int]) -> list[Money]:
    """Return what was paid and refunded in each currency, as `qunce status` gives it."""
    decimals = decimal_counts(counts)
    currencies = dict.fromkeys(
        name.partition(":")[2]
        for name in decimals
        if name.partition(":")[0] in MONEY_PARTS and ":" in name
    )
    return [
        Money(
            currency,
            *(
                format_amount(decimals.get(f"{part}:{currency}", 0), currency)
                for part in MONEY_PARTS
            ),
        )
        for currency in currencies
    ]


def list_row_counts(job: ImportJob, target: Target) -> list[tuple[StrOrPromise, int]]:
    """Return labels and numbers that add up to the rows of data, without zeros."""
    fates = count_fates(job)
    fates[SKIPPED] -= job.counts.get(LEFT_OUT, 0)
    counts = [
        (target.count_label(count_name(job.target, fate)), number)
        for fate, number in fates.items()
    ]
    return [(label, n) for label, n in [*counts, (_("broken"), job.rows_broken)] if n]


def list_other_counts(job: ImportJob, target: Target) -> list[tuple[str, str]]:
    """Return labels and numbers of what else the report has, without zeros."""
    fates = {count_name(job.target, fate) for fate in FATES}
    has_money = bool(list_money(job.counts))
    others = []
    for name, number in job.counts.items():
        base_name = name.replace(MILLIONTHS, "")
        # The money by currency has the same numbers.
        is_money = ":" in name or (has_money and base_name != name)
        if not number or name in fates or is_money:
            continue
        text = f"{number:,}"
        if base_name != name:
            text = f"{Decimal(number) / 1_000_000:,.2f}"
        others.append((target.count_label(base_name), text))
    return others


def format_amount(amount: int | str, currency: str) -> str:
    """Return a decimal with the places of its currency and thousands separators."""
    return f"{Decimal(amount):,.{money.decimal_places(currency)}f}"


def describe(job: ImportJob) -> dict[str, Any]:
    """Return what is known about an import, running or ended; times are datetimes."""
    # The progress of an import that has ended is all of its rows.
    is_ended = job.state in ("done", "undoing", "undone")
    return {
        "id": job.pk,
        "file": job.file_name,
        "file_id": job.upload_id,
        "target": job.target,
        "source": job.source,
        "state": job.state,
        "phase": "" if is_ended else job.phase,
        "rows_done": job.rows_read if is_ended else job.rows_done,
        "rows_expected": job.rows_read if is_ended else job.rows_expected,
        "rows_read": job.rows_read,
        "rows_broken": job.rows_broken,
        "counts": decimal_counts(job.counts),
        "error": job.error,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }
