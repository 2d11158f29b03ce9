"""Funnels as the pages show them: steps with bars, times and links."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.console.insight import people_lists
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.insight.funnels import definitions
from qunce.insight.funnels.models import Funnel
from qunce.insight.funnels.results import FunnelResult, Line
from qunce.members.rule_text import contact_masks, sentences
from qunce.members.rule_text import names as rule_names


@dataclass(frozen=True)
class ShownStep:
    number: int
    label: str
    people: int
    url: str
    of_first: float | None
    of_previous: float | None
    dropped: int
    dropped_url: str
    median: str
    portrait_url: str


def list_steps(
    definition: dict[str, Any], result: FunnelResult, funnel: Funnel | None, by: Staff
) -> list[ShownStep]:
    # An address with the rule would show contacts that `by` may not read.
    is_readable = contact_masks.masked(definition, by) == definition
    shown = []
    for index, step in enumerate(result.steps):
        number = index + 1
        shown.append(
            ShownStep(
                number=number,
                label=step.label,
                people=step.people,
                url=(
                    is_readable
                    and people_lists.segment_url(
                        definitions.rule_of(definition, number)
                    )
                )
                or list_url(funnel, number),
                of_first=step.of_first,
                of_previous=step.of_previous if index else None,
                dropped=step.dropped,
                dropped_url=(
                    is_readable
                    and people_lists.segment_url(
                        definitions.rule_of_drop(definition, number)
                    )
                )
                or list_url(funnel, number, dropped="1"),
                median=format_duration(step.median),
                portrait_url=_portrait_url(funnel, number) if is_readable else "",
            )
        )
    return shown


def _portrait_url(funnel: Funnel | None, step: int) -> str:
    """The portrait of who took a step; "" for a funnel not saved, or without a rule."""
    if funnel is None or definitions.rule_of(funnel.definition, step) is None:
        return ""
    query = urlencode({"of": f"funnel:{funnel.pk}:{step}"})
    return f"{reverse('insight:portrait')}?{query}"


def list_url(funnel: Funnel | None, step: int, **params: str) -> str:
    """The list of a step's people; "" for a funnel that is not saved."""
    if funnel is None:
        return ""
    url = reverse("insight:funnel-people", args=[funnel.pk, step])
    return f"{url}?{urlencode(params)}" if params else url


def list_lines(
    lines: list[Line], funnel: Funnel | None, by: str
) -> list[tuple[Line, list[tuple[Any, str]]]]:
    """Each part with its steps and the lists of their people."""
    return [
        (
            line,
            [
                (step, list_url(funnel, index + 1, by=by, part=line.key))
                for index, step in enumerate(line.result.steps)
            ],
        )
        for line in lines
    ]


def format_duration(duration: timedelta | None) -> str:
    """The time in its largest unit, such as 3.5 days."""
    if duration is None:
        return "–"
    hours = duration / timedelta(hours=1)
    if hours >= 48:
        return _("%(n)s days") % {"n": f"{hours / 24:.1f}"}
    if hours >= 1:
        return _("%(n)s hours") % {"n": f"{hours:.1f}"}
    minutes = round(hours * 60)
    return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}


def describe(definition: dict[str, Any]) -> str:
    """The steps in words, for lists."""
    labels = [facts.label_of(step["kind"]) for step in definition["steps"]]
    sign = " → " if definition.get("order") != definitions.LOOSE else " · "
    return sign.join(labels)


def sentence(definition: dict[str, Any], by: Staff) -> Any:
    """The people who took all steps, as a sentence; None where no rule says it."""
    rule = definitions.rule_of(definition, len(definition["steps"]))
    if rule is None:
        return None
    rule = contact_masks.masked(rule, by)
    return sentences.describe(rule, rule_names.find(by.community, rule))
