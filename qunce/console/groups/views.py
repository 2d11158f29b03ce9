"""The page of one group: its card, its stage with advice, its people, its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.console import chart_downloads, http
from qunce.console.groups import membership_list
from qunce.console.groups.join_form import JoinForm
from qunce.core import permissions
from qunce.groups import advice, groups, labels, memberships, visibility
from qunce.groups.groups import Group
from qunce.insight import period_comparison
from qunce.insight.charts import Figure, Line
from qunce.insight.period_comparison import Comparison

CHARTS = ("members", "moves", "active_members")


@http.page()
def page(request: http.Request, pk: int) -> HttpResponse:
    group = visibility.get(by=request.staff, pk=pk)
    return render(request, group)


def render(
    request: http.Request, group: Group, form: JoinForm | None = None
) -> HttpResponse:
    """With the form of who is put in as it was given, where that was refused."""
    by = request.staff
    numbers = _numbers(request, group)
    pulse = _pulse(request, group, numbers)
    charts = reverse("groups:chart", args=[group.pk, "x"]).removesuffix("x/")
    shown = [_figure(numbers, name) for name in CHARTS]
    context = {
        "group": group,
        "card": _card(group),
        "kind": labels.label_of(labels.KINDS, group.kind),
        "platform": labels.label_of(labels.PLATFORMS, group.platform),
        "size": pulse.size,
        "advice": advice.advise(group.state, pulse),
        "steps": _steps(group),
        "figures": [(each, f"{charts}{each.name}/?as=") for each in shown],
        "form": form or JoinForm(by),
        "roles": labels.ROLES.items(),
        "may_manage": permissions.may(by, groups.MANAGE),
        "may_tend": permissions.may(by, groups.EDIT_MEMBERS),
        **membership_list.shown(request, group),
    }
    status = 422 if form else 200
    part = "console/groups/_people.html" if "after" in request.GET else None
    return http.render(
        request, "console/groups/page.html", context, part=part, status=status
    )


@http.page()
def chart(request: http.Request, pk: int, name: str) -> HttpResponse:
    group = visibility.get(by=request.staff, pk=pk)
    if name not in CHARTS:
        raise Http404
    figure = _figure(_numbers(request, group), name)
    return chart_downloads.answer(figure, request.GET.get("as", "json"))


def _numbers(request: http.Request, group: Group) -> dict[str, Comparison]:
    told = period_comparison.of_group(
        community=request.community,
        key=group.key,
        by=request.staff,
        at=request.at,
        names=("members", "joins", "leaves", "active_members"),
    )
    return {number.term.name: number for number in told}


def _figure(numbers: dict[str, Comparison], name: str) -> Figure:
    if name != "moves":
        return numbers[name].figure
    joins, leaves = numbers["joins"], numbers["leaves"]
    return Figure(
        name="moves",
        title=_("Joins and leaves"),
        unit=joins.unit,
        days=joins.days,
        today=joins.days[-1],
        definition=f"{joins.term.means} {leaves.term.means}",
        lines=[
            Line(words=str(each.term.words), values=each.values)
            for each in (joins, leaves)
        ],
    )


def _pulse(
    request: http.Request, group: Group, numbers: dict[str, Comparison]
) -> advice.GroupNumbers:
    active: Sequence[float] = numbers["active_members"].values[:-1]
    return advice.GroupNumbers(
        size=memberships.count_members(group, request.staff, request.at),
        capacity=group.capacity,
        joins=int(numbers["joins"].total),
        leaves=int(numbers["leaves"].total),
        active=advice.mean(active),
    )


def _card(group: Group) -> list[tuple[str, str]]:
    """What positions the group, in words and order of the reader."""
    card = group.card if isinstance(group.card, dict) else {}
    return [
        (_("Intended for"), card.get("whom", "")),
        (_("Value"), card.get("value", "")),
        (_("Rhythm"), card.get("rhythm", "")),
        (_("Entry gate"), group.threshold),
        (_("Owner"), group.owner.name if group.owner else ""),
    ]


def _steps(group: Group) -> list[tuple[str, str]]:
    return [
        (step, labels.label_of(labels.TRANSITIONS, step))
        for step in groups.STATES.transitions
        if groups.STATES.may(step, group.state)
    ]
