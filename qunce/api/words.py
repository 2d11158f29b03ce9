"""Words of groups: by people, rising and falling; brands; the texts that are kept."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from ninja import Field, Query, Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.groups import visibility
from qunce.insight.words import topics, word_settings
from qunce.insight.words.topics import Topics
from qunce.insight.words.word_settings import Brand, Settings
from qunce.members.accounts import masking
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.models import MessageText

router = Router(auth=RequiresScope("metrics"), tags=["words"])
Word = Annotated[str, Field(min_length=1, max_length=60)]
MAX_WORDS = 1_000


class WordOut(schemas.OutputSchema):
    """`people` said it `times` in the span, `_before` in as many days before.

    `trend` is unsure if too few people said the word or wrote at all.
    """

    word: str
    people: int
    times: int
    people_before: int
    times_before: int
    trend: Literal["rising", "falling", "steady", "unsure"]


class BrandShareOut(schemas.OutputSchema):
    """`share` is per cent of the people who named any brand, null for fewer than 30."""

    name: str
    is_own: bool
    people: int
    people_before: int
    share: float | None


class TemperatureOut(schemas.OutputSchema):
    """`first` are days on which a member wrote first, of `days` with messages."""

    member_words: int
    staff_words: int | None
    thanks: int
    complaints: int
    first: int
    days: int


class TopicsOut(schemas.OutputSchema):
    """`by_day` says that people of several days are counted once a day, as texts of some
    days were deleted.
    """

    first: date
    last: date
    speakers: int
    speakers_before: int
    by_day: bool
    words: list[WordOut]
    brands: list[BrandShareOut]
    temperature: TemperatureOut


class BrandIn(schemas.InputSchema):
    """Without `words`, the name is the only one."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    words: Annotated[
        list[Word], Field(max_length=word_settings.MAX_WORDS_OF_BRAND)
    ] = []
    is_own: bool = False


class BrandOut(schemas.OutputSchema):
    name: str
    words: list[str]
    is_own: bool


class WordSettingsOut(schemas.OutputSchema):
    """`retention_days` says for how long the texts of messages are kept."""

    stop_words: list[str]
    brands: list[BrandOut]
    retention_days: int


class WordSettingsIn(schemas.InputSchema):
    """Fields that are missing stay as they are."""

    stop_words: (
        Annotated[list[Word], Field(max_length=word_settings.MAX_WORDS)] | None
    ) = None
    brands: (
        Annotated[list[BrandIn], Field(max_length=word_settings.MAX_BRANDS)] | None
    ) = None
    retention_days: (
        Annotated[
            int,
            Field(ge=message_texts.MIN_RETENTION, le=message_texts.MAX_RETENTION),
        ]
        | None
    ) = None


class MessageOut(schemas.OutputSchema):
    account_id: int
    happened_at: datetime
    text: str


@router.get("/words", response=TopicsOut)
def list_(
    request: ApiRequest,
    group_id: schemas.Id | None = None,
    first: date | None = None,
    last: date | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_WORDS)] = 100,
) -> Topics | dict[str, Any]:
    """List the words that most people used, of a group or of all groups.

    The days go from `first` to `last`, by default the last 28 complete days.
    """
    default = topics.default_span(request.community, request.at)
    group = None
    if group_id is not None:
        group = visibility.get(by=request.by, pk=group_id).key
    found = topics.compute(
        group=group,
        first=first or default[0],
        last=last or default[1],
        by=request.by,
        at=request.at,
    )
    return {**vars(found), "words": found.words[:limit]}


@router.get("/words/settings", response=WordSettingsOut)
def get_settings(request: ApiRequest) -> dict[str, Any]:
    """Get the stop words, the brands, and for how long texts are kept."""
    return _settings(request, word_settings.get(request.community))


@router.patch("/words/settings", response=WordSettingsOut)
def update_settings(request: ApiRequest, data: WordSettingsIn) -> dict[str, Any]:
    """Change the stop words, the brands, or for how long texts are kept."""
    brands = None
    if data.brands is not None:
        brands = [Brand(b.name, tuple(b.words), b.is_own) for b in data.brands]
    changed: dict[str, Any] = {"stop_words": data.stop_words, "brands": brands}
    if data.retention_days is not None:
        message_texts.set_retention(
            community=request.community,
            days=data.retention_days,
            by=request.by,
            at=request.at,
        )
    if any(value is not None for value in changed.values()):
        word_settings.change(
            community=request.community, by=request.by, at=request.at, **changed
        )
    return _settings(request, word_settings.get(request.community))


def _settings(request: ApiRequest, settings: Settings) -> dict[str, Any]:
    return {
        "stop_words": list(settings.stop_words),
        "brands": [brand.to_json() for brand in settings.brands],
        "retention_days": message_texts.retention_of(request.community),
    }


@router.get(
    "/groups/{group_id}/messages",
    response=list[MessageOut],
    auth=RequiresScope("members"),
)
def list_messages(
    request: ApiRequest, group_id: schemas.Id, limit: schemas.Limit = 50
) -> list[MessageText]:
    """List the latest texts of a group, the newest first."""
    group = visibility.get(by=request.by, pk=group_id)
    found = message_texts.list_latest(
        group=group.pk, by=request.by, at=request.at, limit=limit
    )
    for each in found:
        each.text = masking.text(each.text, request.by)
    return found
