"""Series: recurring programmes in groups, their episodes, and planned against sent."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core.staff import models as staff_models
from qunce.outreach.series import episodes, occurrences, results
from qunce.outreach.series import series as store
from qunce.outreach.series.models import Episode, Series
from qunce.outreach.series.results import Numbers, OccurrenceNumbers
from qunce.outreach.series.series import InvalidSeries

router = Router(auth=RequiresScope("campaigns"), tags=["series"])
Name = Annotated[str, Field(min_length=1, max_length=80)]
Rhythm = Annotated[
    dict[str, Any],
    Field(
        description="Days of the calendar and times of the day, such as"
        ' `{"days": {"weekdays": [0, 2]}, "slots": [{"time": "08:00"}]}`; Monday is 0.'
        " `only` is any, working or off, and `except` lists dates."
    ),
]
Filter = Annotated[
    dict[str, list[str]],
    Field(
        description="Which groups: `kinds`, `platforms`, `audiences` and `stages`."
        " An empty object matches all of them."
    ),
]
Groups = Annotated[list[schemas.Id], Field(max_length=5_000)]
PosterName = Literal["staff", "owner", "service", "atmosphere"]
MAX_DAYS = 92


class SeriesIn(schemas.InputSchema):
    """The groups are those of `group_ids`, or those that match `group_filter`."""

    name: Name
    rhythm: Rhythm
    group_ids: Groups = []
    group_filter: Filter | None = None
    channel: schemas.ShortText = "assisted"
    poster: PosterName = "owner"
    staff_id: schemas.Id | None = None
    window_minutes: Annotated[int, Field(ge=15, le=1440)] = 240
    late_minutes: Annotated[int, Field(ge=1, le=1440)] = 30


class SeriesUpdateIn(schemas.InputSchema):
    name: Name | None = None
    rhythm: Rhythm | None = None
    group_ids: Groups | None = None
    group_filter: Filter | None = None
    channel: schemas.ShortText | None = None
    poster: PosterName | None = None
    staff_id: schemas.Id | None = None
    window_minutes: Annotated[int, Field(ge=15, le=1440)] | None = None
    late_minutes: Annotated[int, Field(ge=1, le=1440)] | None = None


class SeriesOut(schemas.OutputSchema):
    """`staff_id` posts where nobody else does."""

    id: int
    name: str
    state: str
    rhythm: dict[str, Any]
    group_ids: list[int] = Field(alias="groups")
    group_filter: dict[str, list[str]] | None
    channel: str
    poster: str
    staff_id: int | None
    window_minutes: int
    late_minutes: int
    started_at: datetime | None
    created_at: datetime
    changed_at: datetime

    @staticmethod
    def resolve_group_ids(series: Series, context: Any) -> list[int]:
        if series.group_filter is not None:
            return []
        by = context["request"].by
        return [group.pk for group in store.list_groups(series=series, by=by)]


class EpisodeIn(schemas.InputSchema):
    """`slot` is a time of the day such as 08:00, `slot_at` the time of one occurrence."""

    text: Annotated[str, Field(max_length=10_000)] = ""
    material_version_ids: Annotated[list[schemas.Id], Field(max_length=20)] = []
    content_type: schemas.ShortText = ""
    slot: Annotated[str, Field(max_length=5)] = ""
    slot_at: schemas.Timestamp | None = None


class EpisodeUpdateIn(schemas.InputSchema):
    text: Annotated[str, Field(max_length=10_000)] | None = None
    material_version_ids: Annotated[list[schemas.Id], Field(max_length=20)] | None = (
        None
    )
    content_type: schemas.ShortText | None = None
    slot: Annotated[str, Field(max_length=5)] | None = None
    slot_at: schemas.Timestamp | None = None


class EpisodeOut(schemas.OutputSchema):
    """`used_at` is when it was handed over for posting, null while it waits."""

    id: int
    series_id: int
    position: int
    text: str
    material_version_ids: list[int] = Field(alias="materials")
    content_type: str
    slot: str
    slot_at: datetime | None
    used_at: datetime | None


class UpcomingOut(schemas.OutputSchema):
    """`slot_at` names the occurrence; `episode_id` is null if it has no content."""

    slot_at: datetime
    planned_at: datetime
    label: str
    state: str
    episode_id: int | None

    @staticmethod
    def resolve_episode_id(each: occurrences.Upcoming) -> int | None:
        return None if each.episode is None else each.episode.pk


class NumbersOut(schemas.OutputSchema):
    """One is one occurrence in one group. Planned = sent + late + waiting + missing."""

    planned: int
    sent: int
    late: int
    waiting: int
    missing: int
    reasons: dict[str, int]

    @staticmethod
    def resolve_reasons(numbers: Numbers) -> dict[str, int]:
        return {result.value: n for result, n in numbers.reasons.items()}


class WeekOut(schemas.OutputSchema):
    """`upcoming` is planned and not due yet."""

    monday: date
    numbers: NumbersOut
    upcoming: int


class PastOut(schemas.OutputSchema):
    slot_at: datetime
    planned_at: datetime
    state: str
    numbers: NumbersOut

    @staticmethod
    def resolve_slot_at(row: OccurrenceNumbers) -> datetime:
        return row.occurrence.slot_at

    @staticmethod
    def resolve_planned_at(row: OccurrenceNumbers) -> datetime:
        return row.occurrence.planned_at

    @staticmethod
    def resolve_state(row: OccurrenceNumbers) -> str:
        return str(row.occurrence.state)


class MoveIn(schemas.InputSchema):
    slot_at: schemas.Timestamp
    to: schemas.Timestamp


class SlotIn(schemas.InputSchema):
    slot_at: schemas.Timestamp


def _get(request: ApiRequest, series_id: int) -> Series:
    return store.get(by=request.by, pk=series_id)


def _fields(data: SeriesIn | SeriesUpdateIn, request: ApiRequest) -> dict[str, Any]:
    """The arguments of the verb; a null of an update is a value where null is one."""
    given = data.model_dump(exclude_unset=isinstance(data, SeriesUpdateIn))
    if "group_ids" in given:
        given["groups"] = given.pop("group_ids")
    if "staff_id" in given:
        pk = given.pop("staff_id")
        staff = staff_models.Staff.objects.filter(community=request.community, pk=pk)
        given["staff"] = staff.first() if pk is not None else None
        if pk is not None and given["staff"] is None:
            raise InvalidSeries(_("staff_id: there is no such staff member."))
    nullable = ("group_filter", "staff")
    return {n: v for n, v in given.items() if v is not None or n in nullable}


def _episode_fields(data: EpisodeIn | EpisodeUpdateIn) -> dict[str, Any]:
    given = data.model_dump(exclude_unset=isinstance(data, EpisodeUpdateIn))
    if "material_version_ids" in given:
        given["materials"] = given.pop("material_version_ids")
    return {n: v for n, v in given.items() if v is not None or n == "slot_at"}


@router.get("/series", response=schemas.Page[SeriesOut])
def list_(
    request: ApiRequest, after: schemas.Cursor = None, limit: schemas.Limit = 50
) -> dict[str, Any]:
    """List the series with a group that the key's staff sees, by id."""
    found = sorted(store.list_visible(request.by), key=lambda series: series.pk)
    page, more = schemas.paginate(
        lambda start_id, size: [row for row in found if row.pk > start_id][:size],
        after=after,
        limit=limit,
        id_of=lambda series: series.pk,
    )
    return {"items": page, "next": more}


@router.post("/series", response={201: SeriesOut})
def create(request: ApiRequest, data: SeriesIn) -> Any:
    """Create a draft, which posts nothing before it is started."""
    series = store.create(
        community=request.community,
        by=request.by,
        at=request.at,
        **_fields(data, request),
    )
    return Status(201, series)


@router.get("/series/{series_id}", response=SeriesOut)
def get(request: ApiRequest, series_id: schemas.Id) -> Series:
    """Get a series."""
    return _get(request, series_id)


@router.patch("/series/{series_id}", response=SeriesOut)
def update(request: ApiRequest, series_id: schemas.Id, data: SeriesUpdateIn) -> Series:
    """Change fields; a new rhythm holds from now on."""
    series = _get(request, series_id)
    fields = _fields(data, request)
    store.update(series=series, by=request.by, at=request.at, **fields)
    return series


@router.post("/series/{series_id}/start", response=SeriesOut)
def start(request: ApiRequest, series_id: schemas.Id) -> Series:
    """Post from now on."""
    series = _get(request, series_id)
    store.start(series=series, by=request.by, at=request.at)
    return series


@router.post("/series/{series_id}/pause", response=SeriesOut)
def pause(request: ApiRequest, series_id: schemas.Id) -> Series:
    """Post nothing until it is started again."""
    series = _get(request, series_id)
    store.pause(series=series, by=request.by, at=request.at)
    return series


@router.post("/series/{series_id}/archive", response=SeriesOut)
def archive(request: ApiRequest, series_id: schemas.Id) -> Series:
    """End a series; what was posted stays counted."""
    series = _get(request, series_id)
    store.archive(series=series, by=request.by, at=request.at)
    return series


# Episodes


@router.get("/series/{series_id}/episodes", response=list[EpisodeOut])
def list_episodes(request: ApiRequest, series_id: schemas.Id) -> list[Episode]:
    """List the episodes that wait, in the order in which they are used."""
    return episodes.list_waiting(series=_get(request, series_id), by=request.by)


@router.post("/series/{series_id}/episodes", response={201: EpisodeOut})
def add_episode(request: ApiRequest, series_id: schemas.Id, data: EpisodeIn) -> Any:
    """Add an episode at the end of the queue, or for one occurrence."""
    series = _get(request, series_id)
    fields = _episode_fields(data)
    episode = episodes.add(series=series, by=request.by, at=request.at, **fields)
    return Status(201, episode)


@router.patch("/episodes/{episode_id}", response=EpisodeOut)
def update_episode(
    request: ApiRequest, episode_id: schemas.Id, data: EpisodeUpdateIn
) -> Episode:
    """Change an episode that waits."""
    episode = episodes.get(by=request.by, pk=episode_id)
    fields = _episode_fields(data)
    episodes.update(episode=episode, by=request.by, at=request.at, **fields)
    return episode


@router.delete("/episodes/{episode_id}", response={204: None})
def delete_episode(request: ApiRequest, episode_id: schemas.Id) -> Any:
    """Delete an episode that waits."""
    episode = episodes.get(by=request.by, pk=episode_id)
    episodes.delete(episode=episode, by=request.by, at=request.at)
    return Status(204, None)


# Occurrences


@router.get("/series/{series_id}/upcoming", response=list[UpcomingOut])
def list_upcoming(
    request: ApiRequest,
    series_id: schemas.Id,
    days: Annotated[int, Field(ge=1, le=MAX_DAYS)] = 14,
) -> Any:
    """List the occurrences to come, also those without content and those left out."""
    return occurrences.list_upcoming(
        series=_get(request, series_id),
        until=request.at + timedelta(days=days),
        by=request.by,
        at=request.at,
    )


@router.post("/series/{series_id}/move", response={204: None})
def move(request: ApiRequest, series_id: schemas.Id, data: MoveIn) -> Any:
    """Post one occurrence at another time."""
    occurrences.move(
        series=_get(request, series_id),
        slot_at=data.slot_at,
        to=data.to,
        by=request.by,
        at=request.at,
    )
    return Status(204, None)


@router.post("/series/{series_id}/skip", response={204: None})
def skip(request: ApiRequest, series_id: schemas.Id, data: SlotIn) -> Any:
    """Leave one occurrence out."""
    occurrences.skip(
        series=_get(request, series_id),
        slot_at=data.slot_at,
        by=request.by,
        at=request.at,
    )
    return Status(204, None)


@router.post("/series/{series_id}/restore", response={204: None})
def restore(request: ApiRequest, series_id: schemas.Id, data: SlotIn) -> Any:
    """Restore an occurrence that was left out."""
    occurrences.restore(
        series=_get(request, series_id),
        slot_at=data.slot_at,
        by=request.by,
        at=request.at,
    )
    return Status(204, None)


# Planned against sent


@router.get("/series/{series_id}/weeks", response=list[WeekOut])
def list_weeks(
    request: ApiRequest, series_id: schemas.Id, first: date, last: date
) -> Any:
    """Count planned against sent for each week, in the groups that are visible."""
    if not timedelta() <= last - first <= timedelta(days=400):
        raise InvalidSeries(
            _("“first” and “last”: give a span of at most %(n)s days.") % {"n": 400}
        )
    return results.count_weeks(
        series=_get(request, series_id),
        first=first,
        last=last,
        by=request.by,
        at=request.at,
    )


@router.get("/series/{series_id}/occurrences", response=list[PastOut])
def list_past(
    request: ApiRequest,
    series_id: schemas.Id,
    since: schemas.Timestamp,
    until: schemas.Timestamp,
) -> Any:
    """Count planned against sent for each occurrence that was posted or missed."""
    span = until - since
    if not timedelta() < span <= timedelta(days=MAX_DAYS):
        raise InvalidSeries(
            _("“since” and “until”: give a span of at most %(n)s days.")
            % {"n": MAX_DAYS}
        )
    return results.count_occurrences(
        series=_get(request, series_id), begin=since, end=until, by=request.by
    )
