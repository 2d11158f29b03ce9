"""Facts about what members do outside of Qunce, which files and programs report.

Declared so that rules and ready-made layerings can name them before the first one is
reported, and so that they have a name in every language.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core.facts import facts


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PriceAsked(facts.FactKind):
    kind = "price.asked"
    reportable = True
    label = gettext_lazy("asked the price")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ProductClicked(facts.FactKind):
    kind = "product.clicked"
    reportable = True
    label = gettext_lazy("clicked a product")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class BenefitTaken(facts.FactKind):
    kind = "benefit.taken"
    reportable = True
    label = gettext_lazy("took a benefit")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class FriendInvited(facts.FactKind):
    kind = "friend.invited"
    reportable = True
    label = gettext_lazy("invited somebody")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ContentShared(facts.FactKind):
    kind = "content.shared"
    reportable = True
    label = gettext_lazy("shared something")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class FeedbackGiven(facts.FactKind):
    kind = "feedback.given"
    reportable = True
    label = gettext_lazy("sent a suggestion")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ComplaintMade(facts.FactKind):
    kind = "complaint.made"
    reportable = True
    label = gettext_lazy("complained")
