"""The parts of a campaign's form below its text: variants, hold-out, priority and rate."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from qunce.console import http
from qunce.core import permissions
from qunce.members.segments import segments
from qunce.outreach.campaigns import campaigns
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending.ledger import Priority, Purpose

EXTRA_VARIANTS = 2
MAX_VARIANTS = 10
SEGMENT = "segment:"


class SendingForm(forms.Form):
    purpose = forms.ChoiceField(
        label=gettext_lazy("Purpose"),
        choices=[
            (each.value, each.label) for each in (Purpose.MARKETING, Purpose.SERVICE)
        ],
        help_text=gettext_lazy("Hold-outs and opt-outs hold for marketing only."),
    )
    priority = forms.TypedChoiceField(
        label=gettext_lazy("Priority"),
        coerce=int,
        choices=Priority.choices,
        help_text=gettext_lazy(
            "Campaigns of higher priority get the last message that a contact limit allows."
        ),
    )
    keeps_place = forms.BooleanField(
        label=gettext_lazy("Keep a place for it"),
        required=False,
        help_text=gettext_lazy(
            "From when it is scheduled until members have it, messages of lower priority "
            "do not take the last place in their contact limit. Its page says for how "
            "many members it keeps one."
        ),
    )
    hold_out = forms.DecimalField(
        label=gettext_lazy("Held out of this campaign, in percent"),
        min_value=0,
        max_value=50,
        max_digits=4,
        decimal_places=1,
        required=False,
    )
    rate_per_hour = forms.IntegerField(
        label=gettext_lazy("Messages per hour, at most"),
        min_value=1,
        max_value=10_000_000,
        required=False,
    )

    member_clock = forms.TypedChoiceField(
        label=gettext_lazy("By which clock"),
        coerce=lambda value: value == "member",
        empty_value=None,
        choices=[
            ("community", gettext_lazy("the community’s")),
            ("member", gettext_lazy("each member’s, where their time zone is known")),
        ],
        required=False,
        help_text=gettext_lazy(
            "By each member’s clock, it arrives at the same time of day "
            "everywhere. Members whose time has passed at the start get "
            "it at the community’s time."
        ),
    )

    def offer_marketing_only(self) -> None:
        self.fields["purpose"].choices = [  # type: ignore[attr-defined]
            (Purpose.MARKETING.value, Purpose.MARKETING.label)
        ]


class VariantForm(forms.Form):
    """Another text, for a segment or for a share of everyone else."""

    name = forms.CharField(
        label=gettext_lazy("Name of the variant"), max_length=20, required=False
    )
    audience = forms.ChoiceField(label=gettext_lazy("For"), required=False)
    share = forms.IntegerField(
        label=gettext_lazy("Percent of everyone else"),
        min_value=1,
        max_value=99,
        required=False,
    )
    text = forms.CharField(
        label=gettext_lazy("Text of the variant"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    rule = forms.JSONField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, community: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        own = (
            [("own", gettext_lazy("a rule of its own"))] if self["rule"].value() else []
        )
        fields["audience"].choices = [
            ("", gettext_lazy("a share, by chance")),
            *own,
            *(
                (f"{SEGMENT}{segment.key}", segment.name)
                for segment in segments.list_active(community)
            ),
        ]

    def to_variant(self) -> dict[str, Any]:
        values, rule = self.cleaned_data, None
        if values["audience"].startswith(SEGMENT):
            rule = {"segment": {"any": [values["audience"].removeprefix(SEGMENT)]}}
        elif values["audience"]:
            rule = values["rule"]
        return {
            "name": values["name"],
            "rule": rule,
            "share": 0 if rule else values["share"] or 0,
            "text": values["text"],
        }


VariantForms = forms.formset_factory(
    VariantForm, extra=EXTRA_VARIANTS, max_num=MAX_VARIANTS
)


class CampaignOptions:
    """Both forms together. A request that has neither leaves everything as it is."""

    def __init__(self, request: http.Request, campaign: Campaign | None) -> None:
        data = request.POST if "variants-TOTAL_FORMS" in request.POST else None
        self.is_sent = data is not None
        self.sending = SendingForm(data, initial=_initial(campaign))
        if not permissions.may(request.staff, campaigns.SEND_SERVICE):
            self.sending.offer_marketing_only()
        self.variants = VariantForms(
            data,
            prefix="variants",
            initial=[initial_of_variant(each) for each in _variants(campaign)],
            form_kwargs={"community": request.community},
        )

    def is_valid(self) -> bool:
        if not self.is_sent:
            return True
        # Both, so that all faults are shown at once.
        valid = [self.sending.is_valid(), self.variants.is_valid()]
        return all(valid)

    @property
    def is_open(self) -> bool:
        """Whether there is anything other than the defaults."""
        return self.is_sent or bool(self.variants.initial)

    def to_arguments(self) -> dict[str, Any]:
        if not self.is_sent:
            return {}
        values = self.sending.cleaned_data
        return {
            "purpose": values["purpose"],
            "priority": values["priority"],
            "keeps_place": values["keeps_place"],
            "hold_out_per_mille": int((values["hold_out"] or 0) * 10),
            "rate_per_hour": values["rate_per_hour"],
            "member_clock": bool(values["member_clock"]),
            "variants": [
                form.to_variant()
                for form in self.variants
                if form.cleaned_data.get("name") or form.cleaned_data.get("text")
            ],
        }


def _variants(campaign: Campaign | None) -> list[dict[str, Any]]:
    return [] if campaign is None else list(campaign.variants)


def _initial(campaign: Campaign | None) -> dict[str, Any]:
    if campaign is None:
        return {"purpose": Purpose.MARKETING, "priority": Priority.NORMAL}
    return {
        "purpose": campaign.purpose,
        "priority": campaign.priority,
        "keeps_place": campaign.keeps_place,
        "hold_out": f"{campaign.hold_out_per_mille / 10:g}"
        if campaign.hold_out_per_mille
        else None,
        "rate_per_hour": campaign.rate_per_hour,
        "member_clock": "member" if campaign.member_clock else "community",
    }


def initial_of_variant(variant: dict[str, Any]) -> dict[str, Any]:
    rule = variant["rule"]
    values = {
        **variant,
        "share": variant["share"] or None,
        "audience": "",
        "rule": None,
    }
    if rule is None:
        return values
    keys = rule.get("segment", {}).get("any", [])
    if list(rule) == ["segment"] and len(keys) == 1:
        return values | {"audience": f"{SEGMENT}{keys[0]}"}
    return values | {"audience": "own", "rule": rule}
