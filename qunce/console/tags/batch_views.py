"""What was tagged at once: who, when, from where, how many, and taking it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from django_stubs_ext import StrOrPromise

from qunce.console import http, paging
from qunce.core.staff.models import Staff
from qunce.members.tags import assignments
from qunce.members.tags.models import Tag, TagBatch

PAGE = 50
FOLLOWS = ("purchases", "base", assignments.EXPIRED)
"""Done by the house itself; undone, they would come back."""
SOURCES: dict[str, StrOrPromise] = {
    "operator": gettext_lazy("by hand"),
    "import": gettext_lazy("import"),
    "merge": gettext_lazy("tag merge"),
    "expiry": gettext_lazy("expired"),
    "purchases": gettext_lazy("updated from orders"),
    "base": gettext_lazy("updated from the profile"),
}


@dataclass(frozen=True)
class Line:
    batch: TagBatch
    tags: list[Tag]
    source: StrOrPromise
    may_undo: bool


def lines(found: Sequence[TagBatch], by: Staff) -> list[Line]:
    wanted = {pk for batch in found for pk in batch.tags}
    known = Tag.objects.filter(community=by.community, pk__in=wanted).in_bulk()
    return [
        Line(
            batch,
            [known[pk] for pk in batch.tags if pk in known],
            SOURCES.get(batch.source, batch.source),
            batch.source not in FOLLOWS and assignments.may_undo(batch, by),
        )
        for batch in found
    ]


@http.page()
def listed(request: http.Request) -> HttpResponse:
    before, every = paging.number(request, "before"), request.GET.get("all") == "1"
    but = () if every else FOLLOWS
    found = assignments.list_batches(
        request.staff, before=before, limit=PAGE + 1, exclude_sources=but
    )
    more = len(found) > PAGE
    context = {
        "batches": lines(found[:PAGE], request.staff),
        "every": every,
        "next": paging.link(request, before=found[PAGE - 1].pk) if more else "",
        "first": paging.link(request, before=None) if before else "",
    }
    return http.render(request, "console/tags/batches.html", context)


@require_POST
@http.page(assignments.APPLY)
def undo(request: http.Request, pk: int) -> HttpResponse:
    batch = assignments.get_batch(request.community, pk)
    restored = assignments.undo(batch=batch, by=request.staff, at=request.at)
    text = ngettext(
        "Undone. %(n)s tagging restored.",
        "Undone. %(n)s taggings restored.",
        restored,
    )
    http.say(request, text % {"n": f"{restored:,}"})
    return http.back(request, _came_from(request))


def _came_from(request: http.Request) -> str:
    """The tag's page or the list of batches, whichever it was done on."""
    tag = request.POST.get("tag", "")
    if tag.isascii() and tag.isdigit() and len(tag) < 17:
        return reverse("tags:detail", args=[int(tag)])
    return reverse("tags:batch-list")
