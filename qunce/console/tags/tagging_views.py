"""One gesture to tag, for members, lists, segments, groups and rows of staff tasks.

The form is part of the page, or is loaded into a menu. With htmx it is answered in place,
without JavaScript by a redirect to the page it was sent from.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http
from qunce.console.members import presenters as member_presenters
from qunce.console.tags import tagging_form, tagging_messages, tagging_targets
from qunce.console.tags.tagging_form import TaggingForm
from qunce.console.tags.tagging_targets import Target
from qunce.core import errors
from qunce.members.people import people as member_people
from qunce.members.tags import assignments, levels
from qunce.members.tags import bulk as bulk_tagging
from qunce.members.tags import report as tag_report
from qunce.members.tags.models import Tag, TagBatch
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from django.http import QueryDict

FORM, PAGE = "console/tags/_tagging.html", "console/tags/tagging.html"
REMOVE, DEEPEN = "remove", "deepen"


@require_GET
@http.page(assignments.APPLY)
def suggest_tags(request: http.Request) -> HttpResponse:
    """The options of the picker for the text in `q`."""
    found = tagging_form.suggest(request.staff, request.GET.get("q", ""))
    template = "console/tags/_suggestions.html"
    return http.render(request, template, {"found": found})


@require_http_methods(["GET", "POST"])
@http.page(assignments.APPLY)
def tag_people(request: http.Request) -> HttpResponse:
    target = tagging_targets.find(request)
    if request.method == "GET":
        return _render(
            request, target, TaggingForm(at=request.at, prefix_id=_id(target))
        )
    form = TaggingForm(request.POST, at=request.at, prefix_id=_id(target))
    try:
        return _tag(request, target, form)
    except errors.QunceError as error:
        unknown = error.name if isinstance(error, tagging_form.TagUnknown) else ""
        return _render(request, target, form, error=str(error), unknown=unknown)


def _tag(request: http.Request, target: Target, form: TaggingForm) -> HttpResponse:
    by, at, values = request.staff, request.at, request.POST
    removes = values.get("action") == REMOVE
    if not form.is_valid():
        return _render(request, target, form)
    if not target.people:
        raise errors.Invalid(_("Choose at least one member."))
    tags = tagging_form.find_tags(by.community, _tag_texts(values))
    if not removes:
        created = tagging_form.create_tags(by, values.getlist("create"), at)
        tags += [tag for tag in created if tag not in tags]
    if not tags:
        raise errors.Invalid(_("Enter a tag."))
    depth = form.cleaned_data["depth"].strip()
    if values.get("action") == DEEPEN:
        depth = "+1"
    if not removes:
        tagging_form.check_depth(depth, tags)
    run = _start_jobs if tagging_form.needs_background(len(target.people)) else _run
    return run(request, target, tags, form, depth, removes=removes)


def _tag_texts(values: QueryDict) -> list[str]:
    """The tags that are named, without the unknown one that another was offered for."""
    texts = values.getlist("tag")
    if "instead" in values or "create" in values:
        unknown = values.get("unknown", "")
        texts = [text for text in texts if text != unknown]
    return [*texts, *values.getlist("instead")]


def _start_jobs(
    request: http.Request,
    target: Target,
    tags: list[Tag],
    form: TaggingForm,
    depth: str,
    *,
    removes: bool,
) -> HttpResponse:
    """Tag many people in the background, with a page that shows the progress."""
    batch = _create_batch(request, form)
    jobs = [
        bulk_tagging.start(
            tag=tag,
            action=bulk_tagging.REMOVE if removes else bulk_tagging.APPLY,
            people=target.people,
            depth="" if removes else depth,
            expires_at=form.expires_at,
            batch=batch,
            by=request.staff,
            at=request.at,
        )
        for tag in tags
    ]
    return http.redirect_back(request, reverse("members:tag-job", args=[jobs[-1].pk]))


def _run(
    request: http.Request,
    target: Target,
    tags: list[Tag],
    form: TaggingForm,
    depth: str,
    *,
    removes: bool,
) -> HttpResponse:
    context = {"by": request.staff, "at": request.at, "accounts": target.people}
    batch = _create_batch(request, form)
    for tag in tags:
        verb: Callable[..., TagBatch] = assignments.apply
        more: dict[str, Any] = {"expires_at": form.expires_at}
        if removes:
            verb, more = assignments.remove, {}
        elif depth:
            verb = assignments.change_depth
            more["change"] = levels.parse_depth(depth, tag.levels)
        verb(tag=tag, batch=batch, **context, **more)
    text = tagging_messages.describe(
        batch,
        tags,
        len(target.people),
        removes=removes,
        name=_name_of(request, target),
    )
    undo = reverse("members:tag-undo", args=[batch.pk]) if batch.changed else ""
    if not request.htmx:
        http.flash(request, text, undo=undo or None)
        return http.redirect_back(request, return_url(request))
    form = TaggingForm(at=request.at, prefix_id=_id(target))
    return _render(request, target, form, message=text, undo=undo)


def _create_batch(request: http.Request, form: TaggingForm) -> TagBatch:
    return assignments.create_batch(
        community=request.community,
        note=form.cleaned_data["note"].strip(),
        by=request.staff,
        at=request.at,
    )


def _name_of(request: http.Request, target: Target) -> str:
    if target.only_member is None:
        return ""
    account = member_people.get_by_account(target.only_member).accounts[0]
    return member_presenters.Member(request, account).name


def return_url(request: http.Request) -> str:
    """The page of this site that sent the form, or the list of members."""
    url = request.POST.get("next", "") or request.headers.get("Referer", "")
    own = {request.get_host()}
    if url_has_allowed_host_and_scheme(url, own, require_https=request.is_secure()):
        return url
    return reverse("members:list")


def _id(target: Target) -> str:
    member = target.only_member if target.context == tagging_targets.ROW else None
    return f"tagging-{member}" if member else "tagging"


@dataclass(frozen=True)
class TaggingPart:
    """The form as a page shows it. After a success it is empty and has a `message`."""

    target: Target
    form: TaggingForm
    id: str
    url: str
    next: str = ""
    error: str = ""
    typed: str = ""
    chosen: Sequence[tuple[str, str, str]] = ()
    similar: Sequence[Tag] = ()
    places: Sequence[tuple[Any, str]] = ()
    message: str = ""
    undo: str = ""


def _part(
    request: http.Request, target: Target, form: TaggingForm, **more: Any
) -> TaggingPart:
    url = reverse("tags:people")
    query = request.GET.copy()
    query.pop("before", None)
    # The filters of a list stay in the URL.
    if target.context == tagging_targets.LIST and query:
        url = f"{url}?{query.urlencode()}"
    return TaggingPart(target, form, _id(target), url, **more)


def member_part(request: http.Request, member: int) -> TaggingPart:
    """An empty form about one member, for their page."""
    fields = (("member", str(member)),)
    target = Target(tagging_targets.MEMBER, bitmaps.of([member]), "", fields)
    return _part(request, target, TaggingForm(at=request.at, prefix_id=_id(target)))


def list_part(request: http.Request) -> TaggingPart:
    """An empty form about the members chosen in a list."""
    target = Target(tagging_targets.LIST, bitmaps.EMPTY, "", ())
    return _part(request, target, TaggingForm(at=request.at, prefix_id=_id(target)))


def _render(
    request: http.Request,
    target: Target,
    form: TaggingForm,
    *,
    error: str = "",
    unknown: str = "",
    message: str = "",
    undo: str = "",
) -> HttpResponse:
    """Render the form with what was typed, or empty with a message after a success."""
    if request.htmx and target.context == tagging_targets.LIST:
        # The list's own check boxes say who is chosen.
        target = dataclasses.replace(target, fields=())
    more: dict[str, Any] = {"message": message, "undo": undo, "error": error}
    if request.method == "POST":
        more["next"] = return_url(request)
    if not message:
        more["chosen"] = tagging_form.list_chosen(request.staff, request.POST)
    if unknown:
        more["typed"] = unknown
        more["similar"] = tag_report.list_similar(request.community, unknown)
        more["places"] = tagging_form.suggest(request.staff, unknown).creatable
    context: dict[str, Any] = {
        "tagging": _part(request, target, form, **more),
        "member": None,
        "may_tag": True,
    }
    if message and target.context in (tagging_targets.MEMBER, tagging_targets.ROW):
        account = member_people.get_by_account(target.people[0]).accounts[0]
        context["member"] = member_presenters.Member(request, account)
    status = 200 if message or request.method == "GET" else 422
    response = http.render(request, PAGE, context, part=FORM, status=status)
    if message:
        # The list of members loads its rows again.
        response["HX-Trigger-After-Settle"] = "tagged"
    return response
