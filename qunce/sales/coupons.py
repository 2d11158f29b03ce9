"""Coupons: so far that one was redeemed, told by an import or a till."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core.facts import facts


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CouponRedeemed(facts.FactKind):
    """`coupon` is its code, `campaign` the key of the campaign that gave it."""

    kind = "coupon.redeemed"
    reportable = True
    label = gettext_lazy("redeemed a coupon")
    coupon: str
    campaign: str = ""
