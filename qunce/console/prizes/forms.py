"""Forms of a prize, of an address that staff type, and of a parcel."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from qunce.activities.prizes import addresses, delivery, prizes
from qunce.activities.prizes.addresses import Address
from qunce.activities.prizes.kinds import base
from qunce.activities.prizes.models import PrizeStock, Unclaimed
from qunce.core import money
from qunce.core.communities import Community

MAX_MONEY_LENGTH = 20


class PrizeForm(forms.Form):
    """The kind and the stock are chosen once; more stock is added on the prize's page."""

    name = forms.CharField(label=_("Name"), max_length=2 * prizes.MAX_NAME)
    kind = forms.ChoiceField(label=_("Kind"))
    total = forms.IntegerField(
        label=_("Stock"), min_value=1, max_value=prizes.MAX_TOTAL
    )
    amount = forms.IntegerField(
        label=_("Amount of one prize"),
        required=False,
        min_value=1,
        help_text=_("Points, or make-up cards. Other kinds have none."),
    )
    value = forms.CharField(
        label=_("Worth of one prize"),
        required=False,
        max_length=MAX_MONEY_LENGTH,
        help_text=_("What it costs in a shop. Members read it in the rules of a draw."),
    )
    cost = forms.CharField(
        label=_("Cost of one prize"),
        required=False,
        max_length=MAX_MONEY_LENGTH,
        help_text=_("What you pay for it. It is booked in the budget of the activity."),
    )
    claim_days = forms.IntegerField(
        label=_("Days to claim it"),
        min_value=prizes.MIN_CLAIM_DAYS,
        max_value=prizes.MAX_CLAIM_DAYS,
        initial=14,
        help_text=_("Winners are reminded 3 days before the end."),
    )
    unclaimed = forms.ChoiceField(
        label=_("If nobody claims it"), choices=Unclaimed.choices
    )
    instructions = forms.CharField(
        label=_("What the winner reads"),
        required=False,
        max_length=2 * prizes.MAX_INSTRUCTIONS,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Such as where and when to pick it up."),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        community: Community,
        prize: PrizeStock | None = None,
    ) -> None:
        self.community = community
        super().__init__(data, initial=self._initial(prize))
        choices = [(kind.key, kind.label) for kind in base.list_all()]
        self.fields["kind"] = forms.ChoiceField(label=_("Kind"), choices=choices)
        if prize is not None:
            del self.fields["kind"], self.fields["total"]

    def _initial(self, prize: PrizeStock | None) -> dict[str, Any]:
        if prize is None:
            return {}
        values: dict[str, Any] = {
            name: getattr(prize, name)
            for name in ("name", "amount", "claim_days", "unclaimed", "instructions")
        }
        currency = self.community.currency
        for name in ("value", "cost"):
            amount = getattr(prize, name)
            values[name] = money.format_amount(amount, currency) if amount else ""
        return values

    def clean_value(self) -> int:
        return self._money("value")

    def clean_cost(self) -> int:
        return self._money("cost")

    def _money(self, name: str) -> int:
        text = self.cleaned_data[name]
        if not text:
            return 0
        try:
            return money.to_units(text, self.community.currency)
        except money.InvalidMoney as error:
            raise forms.ValidationError(str(error)) from None


class AddressForm(forms.Form):
    """Where a prize is sent."""

    recipient = forms.CharField(
        label=pgettext_lazy("parcel", "Recipient"), max_length=addresses.MAX_RECIPIENT
    )
    phone = forms.CharField(label=_("Phone"), max_length=addresses.MAX_PHONE)
    address = forms.CharField(label=_("Address"), max_length=addresses.MAX_ADDRESS)

    def to_address(self) -> Address:
        return Address(**self.cleaned_data)


class ParcelForm(forms.Form):
    """What a carrier calls the parcel."""

    carrier = forms.CharField(
        label=_("Carrier"), max_length=delivery.MAX_CARRIER, required=False
    )
    parcel_number = forms.CharField(
        label=_("Parcel number"), max_length=delivery.MAX_PARCEL
    )
