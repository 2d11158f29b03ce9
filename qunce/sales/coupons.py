"""Facts about coupons, as imports and tills report them."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core.facts import facts


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CouponRedeemed(facts.FactKind):
    """`coupon` is the code, `campaign` the key of the campaign that issued it."""

    kind = "coupon.redeemed"
    reportable = True
    label = gettext_lazy("redeemed a coupon")
    labels = {"coupon": gettext_lazy("coupon"), "campaign": gettext_lazy("campaign")}
    coupon: str
    campaign: str = ""
