"""Texts of files of orders, and what is stored after they were imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.importing import pipeline
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.rows.parsing import Problem
from qunce.importing.undo import undos
from qunce.sales import order_facts
from qunce.sales.models import Order
from tests import factories
from tests.importing import helpers

HEAD = "order_id,customer_id,order_date,total"


class Files:
    """Imports texts as files of orders."""

    def __init__(self, shop: Community, folder: Path) -> None:
        self.shop, self.folder = shop, folder

    def run(self, text: str, **options: Any) -> pipeline.ImportResult:
        return helpers.run(
            self.shop, helpers.write(self.folder, text), "orders", **options
        )

    def counts(self, text: str, **options: Any) -> dict[str, int]:
        return self.run(text, **options).job.counts

    def problems(self, text: str, **options: Any) -> list[Problem]:
        return self.run(text, **options).problems

    def remedy(self, text: str, **options: Any) -> str:
        (first, *_others) = self.problems(text, **options)
        return first.remedy


def amounts() -> dict[str, tuple[int, int]]:
    rows = Order.objects.order_by("key").values_list("key", "amount", "refunded_amount")
    return {key: (amount, refunded) for key, amount, refunded in rows}


def undo(job: ImportJob, by: Staff) -> None:
    job.refresh_from_db()
    undos.start(job=job, by=by, at=factories.AT, in_background=False)
    undos.complete(job.pk, at=factories.AT)


def spent(shop: Community) -> int:
    return sum(
        sign * payload["amount"]
        for kind, sign in order_facts.SPEND.items()
        for _account, payload in factories.recorded_facts(shop, kind)
    )
