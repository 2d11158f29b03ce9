"""Reported payments and refunds: they make, amend and refund the order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from qunce.core import money, permissions
from qunce.core.facts import fact_effects
from qunce.core.facts.fact_effects import InvalidReport, ReportedFact, Reporter
from qunce.members.accounts import queries as account_queries
from qunce.sales import order_states, orders
from qunce.sales.models import Order
from qunce.sales.order_facts import OrderPaid, OrderRefunded


class PaymentEffect(fact_effects.Effect):
    kind = OrderPaid.kind
    description = (
        "Makes the order, or corrects its amount. `amount` is in the currency's smallest"
        " unit; without `currency` it is that of the file or the community."
    )
    fields = {"order": str, "amount": int, "currency": str, "categories": list}
    required = ("order", "amount")
    needs_member = False
    needs_unscoped = True
    scope = "orders:write"

    def check(self, payload: Mapping[str, Any]) -> None:
        orders.check_order(
            key=payload["order"],
            amount=payload["amount"],
            currency=payload.get("currency", "CNY"),
        )
        _check_size(payload["amount"])

    def apply(self, fact: ReportedFact, reporter: Reporter) -> bool:
        permissions.check_may(reporter.by, orders.WRITE)
        key, amount = fact.payload["order"], fact.payload["amount"]
        known = _find(reporter, key)
        before = order_states.state_of(known) if known else None
        categories = fact.payload.get("categories", ())
        order = orders.record_payment(
            community=reporter.community,
            key=key,
            account=fact.account,
            amount=amount,
            paid_at=fact.happened_at,
            by=reporter.by,
            at=reporter.at,
            currency=fact.payload.get("currency", reporter.currency),
            items=[{"category": category} for category in categories],
            source=reporter.source,
        )
        return before != order_states.state_of(order)


class RefundEffect(fact_effects.Effect):
    kind = OrderRefunded.kind
    description = (
        "Refunds `amount` of the order, in the currency's smallest unit, or all that is"
        " left."
    )
    fields = {"order": str, "amount": int, "currency": str}
    required = ("order",)
    needs_member = False
    needs_unscoped = True
    scope = "orders:write"

    def check(self, payload: Mapping[str, Any]) -> None:
        _check_size(payload.get("amount", 0))

    def apply(self, fact: ReportedFact, reporter: Reporter) -> bool:
        permissions.check_may(reporter.by, orders.WRITE)
        key = fact.payload["order"]
        # Of the same source, or the only one of this number.
        source = reporter.source if _find(reporter, key) else None
        order = orders.get(reporter.community, key, source)
        if fact.account is not None and order.account_id is not None:
            people = account_queries.person_ids([fact.account, order.account_id])
            if people[fact.account] != people[order.account_id]:
                raise InvalidReport(
                    _("Order %(key)s was paid by another member.") % {"key": order.key}
                )
        orders.check_currency(order, fact.payload.get("currency", order.currency))
        orders.refund(
            community=reporter.community,
            key=order.key,
            refunded_at=fact.happened_at,
            by=reporter.by,
            at=reporter.at,
            amount=fact.payload.get("amount"),
            source=source,
        )
        return True


def _check_size(amount: int) -> None:
    if amount > money.MAX_AMOUNT:
        raise InvalidReport(_("This amount is too large."))


def _find(reporter: Reporter, key: str) -> Order | None:
    rows = Order.objects.filter(community_id=reporter.community.pk, key=key)
    return rows.filter(source_id=reporter.source_id).order_by("pk").first()


fact_effects.register(PaymentEffect())
fact_effects.register(RefundEffect())
