"""What a comparison of a campaign says, in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.insight.experiments.verdicts import Verdict
from qunce.outreach.campaigns.comparisons import Comparison, Sensitivity

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

VERDICTS: dict[Verdict, tuple[StrOrPromise, str, str]] = {
    Verdict.BROKEN: (gettext_lazy("not comparable"), "warn", "exclamation-triangle"),
    Verdict.OPEN: (gettext_lazy("no difference shown yet"), "", "clock"),
    Verdict.BETTER: (gettext_lazy("more ordered because of it"), "good", "check"),
    Verdict.WORSE: (gettext_lazy("fewer ordered because of it"), "bad", "x-mark"),
    Verdict.VETOED: (
        gettext_lazy("more ordered, but at a price"),
        "warn",
        "exclamation-triangle",
    ),
}
"""Label, style and icon."""
ROUNDING = 0.1
"""Points by which a difference can differ from that of two rounded shares."""
HARM: dict[str, StrOrPromise] = {
    "left": gettext_lazy("more of them left"),
    "opted_out": gettext_lazy("more of them opted out"),
    "complained": gettext_lazy("more of them complained"),
}


@dataclass(frozen=True)
class ComparisonLine:
    sentence: str
    interval: str
    verdict: StrOrPromise
    why: str
    css: str
    icon: str


def to_line(comparison: Comparison, control: str = "") -> ComparisonLine:
    """`control` is what a variant is compared with, if not the text of a campaign."""
    verdict, css, icon = VERDICTS[comparison.verdict]
    if comparison.verdict == Verdict.BROKEN:
        why = _(
            "The two groups are not as large as they were drawn, so that something else "
            "than chance has chosen who is in them."
        )
        heading = _heading(comparison, control)
        return ComparisonLine(heading, "", verdict, why, css, icon)
    why = _("%(harm)s.") % {"harm": _(", ").join(_harm(comparison))}
    return ComparisonLine(
        _sentence(comparison, control),
        _interval(comparison),
        verdict,
        why if comparison.harmed else "",
        css,
        icon,
    )


def _harm(comparison: Comparison) -> list[str]:
    return [str(HARM[name]) for name in comparison.harmed]


def _heading(comparison: Comparison, control: str) -> str:
    if comparison.is_of_hold_out:
        return _("Recipients and the hold-out")
    return _("Variant “%(name)s” and %(control)s") % {
        "name": comparison.treated.name,
        "control": control or _("the text of the campaign"),
    }


def _sentence(comparison: Comparison, other: str) -> str:
    treated, control = comparison.treated, comparison.control
    values = {
        "with_it": _rounded(treated.percent),
        "without": _rounded(control.percent),
        "treated": number_format(treated.size),
        "control": number_format(control.size),
        "name": treated.name,
        "other": other or _("the text of the campaign"),
    }
    if comparison.is_of_hold_out:
        return (
            _(
                "%(with_it)s %% of %(treated)s recipients ordered within 7 days, and "
                "%(without)s %% of %(control)s members who were held out."
            )
            % values
        )
    return (
        _(
            "%(with_it)s %% of %(treated)s members with the variant “%(name)s” ordered "
            "within 7 days, and %(without)s %% of %(control)s with %(other)s."
        )
        % values
    )


def _interval(comparison: Comparison) -> str:
    if comparison.low is None or comparison.high is None:
        return ""
    sentence = _(
        "It made a difference of %(difference)s points, with 95 %% certainty between "
        "%(low)s and %(high)s, however often you look."
    )
    as_counted = comparison.treated.percent - comparison.control.percent
    if abs(comparison.difference - as_counted) > ROUNDING:
        # Otherwise it would look like wrong arithmetic.
        sentence = _(
            "Allowing for what both groups ordered before, it made a difference of "
            "%(difference)s points, with 95 %% certainty between %(low)s and %(high)s, "
            "however often you look."
        )
    return sentence % {
        "difference": _rounded(comparison.difference),
        "low": _rounded(comparison.low),
        "high": _rounded(comparison.high),
    }


def _rounded(number: float) -> str:
    """With one decimal. `number_format` cuts the others off and does not round."""
    return number_format(round(number, 1), 1)


def foresee(sensitivity: Sensitivity) -> str:
    """What a comparison could show if the campaign started now."""
    values = {
        "name": sensitivity.name,
        "control": number_format(sensitivity.control_size),
        "points": _rounded(sensitivity.points),
    }
    if sensitivity.name:
        return (
            _(
                "The variant “%(name)s” has to make a difference of %(points)s points in "
                "orders to stand out from the text of the campaign."
            )
            % values
        )
    return (
        _(
            "With %(control)s members held out, the campaign has to make a difference of "
            "%(points)s points in orders for it to be seen."
        )
        % values
    )
