"""What the library needs tidied, with something to do on every line."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import entry
from qunce.console.tags import listing
from qunce.core import access
from qunce.members import tagcare, tagreports, tags, tagtwins


class SeesAPart(access.NotAllowed):
    """The report looks at everyone."""


@entry.page(tags.MANAGE)
def report(request: entry.Request) -> HttpResponse:
    if request.operator.scope is not None:
        raise SeesAPart(
            _("The report looks at all members, and your scope is a part of them.")
        )
    pairs = tagreports.twins(request.community)
    flat = [tag for pair in pairs for tag in pair]
    rows = listing.rows_of(flat, request.operator, request.at)
    lonely = tagreports.of_one_person(request.community, at=request.at)
    context = {
        "twins": list(zip(rows[::2], rows[1::2], strict=True)),
        "unused": tagreports.unused(request.community, at=request.at),
        "lonely": listing.rows_of(lonely, request.operator, request.at),
    }
    return entry.render(request, "console/tags/report.html", context)


@require_POST
@entry.page(tags.MANAGE)
def keep_apart(request: entry.Request, pk: int, other: int) -> HttpResponse:
    one, two = (tagcare.get(request.community, each) for each in (pk, other))
    tagtwins.keep_apart(tag=one, other=two, by=request.operator, at=request.at)
    text = _("“%(one)s” and “%(other)s” stay two tags.")
    entry.say(request, text % {"one": one.name, "other": two.name})
    return entry.back(request, reverse("tags:report"))
