from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.members.tags import assignments


@require_POST
@http.page(assignments.APPLY)
def undo_batch(request: http.Request, pk: int) -> HttpResponse:
    batch = assignments.get_batch(request.community, pk)
    restored = assignments.undo(batch=batch, by=request.staff, at=request.at)
    text = ngettext(
        "Undone. %(n)s tagging restored.",
        "Undone. %(n)s taggings restored.",
        restored,
    )
    http.say(request, text % {"n": f"{restored:,}"})
    return http.back(request, _return_url(request))


def _return_url(request: http.Request) -> str:
    """The tag's page or the list of batches, whichever it was done on."""
    tag = request.POST.get("tag", "")
    if tag.isascii() and tag.isdigit() and len(tag) < 17:
        return reverse("tags:detail", args=[int(tag)])
    return reverse("tags:batch-list")
