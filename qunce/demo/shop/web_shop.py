"""The files of the demo's web shop: customers, orders abroad, opt-outs, and one that waits.

The customers are households that wrote down their e-mail address in a store, so the import
joins them. Their orders are older than what the demo's segments and layers look at.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from qunce.core import community_days, exchange_rates
from qunce.importing import background_imports
from qunce.importing.jobs import uploads
from qunce.members.accounts import placeholders
from qunce.members.accounts.models import Identifier

if TYPE_CHECKING:
    from qunce.demo.shop.work import Scene
    from qunce.importing.jobs.uploads import Upload

SOURCE = "web-shop"
PLACEHOLDER = "not given"
HOTLINE = "+1 212 555 0134"
"""The phone of a parcel shop, which many of its customers give as theirs."""
CUSTOMERS = (
    ("Grace Miller", HOTLINE),
    ("Henry Cole", HOTLINE),
    ("Ana Torres", HOTLINE),
    ("Wei Zhang", HOTLINE),
    ("Ruth Baker", HOTLINE),
    ("Omar Haddad", HOTLINE),
    ("Julia Novak", PLACEHOLDER),
    ("Peter Lang", PLACEHOLDER),
)
RATES = (("CAD", Decimal("0.74")), ("MXN", Decimal("0.05")))
UNSUBSCRIBED = (
    ("too many messages", 9),
    ("moved abroad", 23),
    ("", 41),
)
"""Reason, and days ago."""


@dataclass(frozen=True)
class WebOrder:
    key: str
    customer: int
    days_ago: int
    currency: str
    total: str
    refunded: str = ""


ORDERS = (
    WebOrder("W-1001", 0, 190, "CAD", "84.50"),
    WebOrder("W-1002", 1, 188, "MXN", "1250.00"),
    WebOrder("W-1003", 2, 187, "CAD", "42.00", "42.00"),
    WebOrder("W-1004", 3, 185, "CAD", "120.00", "20.00"),
    WebOrder("W-1005", 1, 184, "MXN", "640.00"),
    WebOrder("W-1006", 4, 182, "CAD", "65.50"),
)


def import_files(scene: Scene) -> None:
    """Import what the web shop exported, and upload a list that has a question left."""
    found = Identifier.objects.filter(community_id=scene.community.pk, kind="email")
    rows = found.order_by("account_id").values_list("value", flat=True)
    emails = list(rows[:20])
    # A small sample may have fewer households with an address.
    if len(emails) < len(CUSTOMERS):
        return
    placeholders.add(
        community=scene.community, text=PLACEHOLDER, by=scene.owner, at=scene.at
    )
    _set_rates(scene)
    _import(scene, "web-shop-customers.csv", _customers(emails))
    _import(scene, "web-shop-orders.csv", _orders(scene, emails))
    _import(scene, "newsletter-unsubscribes.csv", _opt_outs(scene, emails))
    _upload(scene, "in-store-sign-ups.csv", _sign_ups(scene))


def _set_rates(scene: Scene) -> None:
    for currency, rate in RATES:
        exchange_rates.set_rate(
            community=scene.community,
            currency=currency,
            since=_day(scene, 364),
            rate=rate,
            by=scene.owner,
            at=scene.at,
        )


def _customers(emails: Sequence[str]) -> list[list[str]]:
    return [
        ["key", "name", "email", "phone"],
        *(
            [f"web-{number}", name, email, phone]
            for number, ((name, phone), email) in enumerate(
                zip(CUSTOMERS, emails, strict=False), start=1
            )
        ),
    ]


def _orders(scene: Scene, emails: Sequence[str]) -> list[list[str]]:
    rows = [["order_id", "email", "paid_at", "currency", "total", "refunded"]]
    for order in ORDERS:
        paid = f"{_day(scene, order.days_ago)} 10:30"
        email = emails[order.customer]
        rows.append(
            [order.key, email, paid, order.currency, order.total, order.refunded]
        )
    return rows


def _opt_outs(scene: Scene, emails: Sequence[str]) -> list[list[str]]:
    rows = [["email", "unsubscribed_at", "reason"]]
    for email, (reason, days_ago) in zip(emails[-3:], UNSUBSCRIBED, strict=True):
        rows.append([email, f"{_day(scene, days_ago)} 08:15", reason])
    return rows


def _sign_ups(scene: Scene) -> list[list[str]]:
    """Members whose dates fit two orders, in the year before the demo's first day."""
    year = _day(scene, 364).year - 1
    dates = ("3/5", "4/6", "5/7", "8/9", "10/11")
    return [
        ["key", "name", "joined_at"],
        *(
            [f"card-{number}", f"Card holder {number}", f"{day}/{year}"]
            for number, day in enumerate(dates, start=1)
        ),
    ]


def _day(scene: Scene, days_ago: int) -> date:
    today = community_days.to_date(scene.community.day(scene.at))
    return today - timedelta(days=days_ago)


def _upload(scene: Scene, name: str, rows: list[list[str]]) -> Upload:
    path = uploads.new_upload_path(scene.community)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    upload = uploads.accept(path=path, name=name, by=scene.owner, at=scene.at)
    uploads.change_options(upload=upload, by=scene.owner, source=SOURCE)
    return upload


def _import(scene: Scene, name: str, rows: list[list[str]]) -> None:
    upload = _upload(scene, name, rows)
    job = background_imports.start(upload=upload, by=scene.owner, at=scene.at)
    background_imports.run(str(job.pk), at=scene.at)
