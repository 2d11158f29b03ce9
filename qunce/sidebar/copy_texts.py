"""Texts that staff copy into the chat, with the variables of one member filled in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qunce.core import errors
from qunce.outreach.campaigns import audience_plan, campaigns, variants
from qunce.outreach.content import message_templates, templates, variable_values
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.staff.models import Staff

MAX_TEXTS, MAX_TEMPLATES = 5, 30
STATES = ("scheduled", "sending", "paused", "done")
"""States of campaigns whose texts somebody has released."""


@dataclass(frozen=True)
class CopyText:
    """`problem` says why the text has none for this member; then `text` is empty."""

    title: str
    text: str
    problem: str = ""


def list_texts(person: int, *, by: Staff, at: datetime) -> list[CopyText]:
    """Templates and the newest texts, each once, for a person whom `by` may see."""
    sources = _sources(person, by, at)
    pieces = [(title, templates.parse(text)) for title, text in sources]
    names = {
        name for _title, parts in pieces for name in templates.variable_names(parts)
    }
    # A link is made for one message; staff make one for a chat in the sidebar.
    names -= {variable_values.PERSONAL_LINK}
    values = variable_values.member_values(by.community, [person], names, by)[person]
    return [_fill_in(title, parts, values) for title, parts in pieces]


def _sources(person: int, by: Staff, at: datetime) -> list[tuple[str, str]]:
    """Titles and texts: the message templates to members, then what was sent last."""
    rows = message_templates.list_visible(by).filter(target="members")[:MAX_TEMPLATES]
    found = [
        (f"{row.get_purpose_display()} · {row.name}", row.texts[row.variants[0]].text)
        for row in rows
    ]
    known = {text for _title, text in found}
    sent = _sent_texts(person, by, at)
    return found + [each for each in sent if each[1] not in known]


def _sent_texts(person: int, by: Staff, at: datetime) -> Iterator[tuple[str, str]]:
    rows = campaigns.list_visible(by).filter(target="members", state__in=STATES)
    seen: set[str] = set()
    for campaign in rows.order_by("-pk").iterator(chunk_size=MAX_TEXTS):
        if _is_held_out(campaign, person, at):
            continue
        try:
            text = variants.text_for(campaign, person, by=by, at=at)
        except errors.Invalid:
            # A variant is for a segment, layer or tag that is gone since.
            continue
        if text.strip() and text not in seen:
            seen.add(text)
            yield campaign.name, text
        if len(seen) == MAX_TEXTS:
            return


def _is_held_out(campaign: campaigns.Campaign, person: int, at: datetime) -> bool:
    """Whether the person is to get nothing, so that the results can be compared."""
    if campaign.started_at is not None:
        return person in variants.load_held_out(campaign.pk)
    return bool(audience_plan.select_held_out(campaign, bitmaps.of([person]), at))


def _fill_in(
    title: str, pieces: Sequence[templates.Piece], values: dict[str, str]
) -> CopyText:
    try:
        return CopyText(title, templates.render(pieces, values))
    except templates.MissingValue as error:
        return CopyText(title, "", str(error))
