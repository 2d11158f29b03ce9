"""Pages of digests: the groups that wrote on a day, one digest, a message in context."""

from __future__ import annotations

from datetime import date

from django.db.models import Max
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from qunce.console import http, member_names
from qunce.console.digests import presenters
from qunce.core import community_days, errors
from qunce.groups import message_quotes
from qunce.groups import visibility as group_visibility
from qunce.groups.digests import group_digests
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.models import MessageDay


def _day(request: http.Request) -> int:
    """The community day in `day`, today without one. Raises Invalid for no date."""
    text = request.GET.get("day", "")
    if not text:
        return request.community.day(request.at)
    try:
        return community_days.from_date(date.fromisoformat(text[:10]))
    except ValueError:
        raise errors.Invalid(_("Choose a day.")) from None


@require_GET
@http.page(message_texts.READ)
def digest_list(request: http.Request) -> HttpResponse:
    """The groups in which somebody wrote on a day, without one the last such day."""
    visible = group_visibility.list_visible(request.staff)
    today = request.community.day(request.at)
    rows = MessageDay.objects.filter(
        community=request.community, group_id__in=visible.values("pk"), has_texts=True
    )
    if "day" in request.GET:
        day = _day(request)
    else:
        # In the morning, the day that staff read about is yesterday.
        latest = rows.filter(day__lte=today).aggregate(day=Max("day"))["day"]
        day = today if latest is None else latest
    first = message_texts.first_kept_day(request.community, request.at)
    wrote = set(rows.filter(day=day).values_list("group_id", flat=True))
    context = {
        "groups": visible.filter(pk__in=wrote).order_by("name", "pk"),
        "day": community_days.to_date(day),
        "today": community_days.to_date(today),
        "before": community_days.to_date(day - 1) if day > first else None,
        "after": community_days.to_date(day + 1) if day < today else None,
    }
    return http.render(request, "console/digests/list.html", context)


@require_GET
@http.page(message_texts.READ)
def digest_detail(request: http.Request, group: int) -> HttpResponse:
    by, at, day = request.staff, request.at, _day(request)
    digest = group_digests.load(group=group, day=day, by=by, at=at)
    shown = presenters.sections(digest)
    today = request.community.day(at)
    first = message_texts.first_kept_day(request.community, at)
    context = {
        "digest": digest,
        "sections": shown,
        "text": presenters.to_text(digest, shown),
        "day": community_days.to_date(day),
        "today": community_days.to_date(today),
        "before": community_days.to_date(day - 1) if day > first else None,
        "after": community_days.to_date(day + 1) if day < today else None,
    }
    return http.render(request, "console/digests/detail.html", context)


@require_GET
@http.page(message_texts.READ)
def message_detail(request: http.Request, group: int, message: int) -> HttpResponse:
    """A message of a group with those around it."""
    by, at = request.staff, request.at
    found = group_visibility.get(by=by, pk=group)
    quote = message_quotes.get(by=by, pk=message, at=at)
    if quote.group != found.pk:
        raise message_quotes.MessageNotFound(_("There is no such message."))
    around = message_quotes.list_around(
        group=found.pk, moment=quote.happened_at, by=by, at=at
    )
    names = member_names.find(each.account for each in around)
    context = {
        "group": found,
        "message": quote,
        "around": [(each, names.get(each.account, "")) for each in around],
        "day": community_days.to_date(request.community.day(quote.happened_at)),
    }
    return http.render(request, "console/digests/message.html", context)
