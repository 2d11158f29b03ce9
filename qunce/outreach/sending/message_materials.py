"""The materials of messages in the ledger, in the versions that their `content` names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from qunce.channels.channel_contract import Attachment, Channel
from qunce.core.communities import Community
from qunce.outreach.content import compose
from qunce.outreach.content.compose import Composition, Part
from qunce.outreach.content.materials import checks, library
from qunce.outreach.content.materials.models import MaterialVersion
from qunce.outreach.links import tracked_links
from qunce.outreach.links.tracked_links import AddressedText
from qunce.outreach.sending.ledger import LeasedMessage, Message, Origin

Composed = dict[int, tuple[str, tuple[Attachment, ...]]]
"""Message id → its text with what goes into it, and its attachments."""


def version_ids(message: Message | LeasedMessage) -> list[int]:
    return list((message.content or {}).get("materials", ()))


def find_unsendable(
    rows: Sequence[Message], community: Community, at: datetime
) -> set[int]:
    """The ids of those messages that have a material which cannot be sent now."""
    wanted = {pk for row in rows for pk in version_ids(row)}
    if not wanted:
        return set()
    versions = library.find_versions(community, sorted(wanted))
    stopped = {v.pk for v in versions if checks.why_version_not_sendable(v, at)}
    return {row.pk for row in rows if stopped & set(version_ids(row))}


def compose_all(
    rows: Sequence[LeasedMessage], community: Community, channel: Channel
) -> Composed:
    """What the channel gets for each message; rows of one campaign share their materials."""
    composed: Composed = {row.pk: (row.text, ()) for row in rows}
    ids = {row.pk: version_ids(row) for row in rows if row.stored_content}
    wanted = {pk for each in ids.values() for pk in each}
    if not wanted:
        return composed
    versions = library.find_versions(community, sorted(wanted))
    found = {version.pk: version for version in versions}
    compositions = {}
    for row in rows:
        chosen = [found[pk] for pk in ids.get(row.pk, ()) if pk in found]
        if chosen:
            compositions[row.pk] = compose.compose(row.text, chosen, channel=channel)
    for pk, message in _with_tracked_links(rows, compositions, community).items():
        composed[pk] = message.to_message(channel)
    return composed


def list_parts(
    rows: Sequence[Message],
    versions: Mapping[int, Sequence[MaterialVersion]],
    community: Community,
) -> dict[int, tuple[Part, ...]]:
    """Message id → the parts of its materials, with tracked links, that staff post.

    `versions` are the materials of each message, by its id.
    """
    compositions = {
        row.pk: Composition(
            tuple(part for each in versions[row.pk] for part in compose.parts_of(each))
        )
        for row in rows
    }
    tracked = _with_tracked_links(rows, compositions, community)
    return {pk: composition.parts for pk, composition in tracked.items()}


def _with_tracked_links(
    rows: Sequence[LeasedMessage | Message],
    compositions: Mapping[int, Composition],
    community: Community,
) -> dict[int, Composition]:
    """The same with short addresses in the texts and attachments of materials.

    The text of the message itself has them already.
    """
    by_sender: dict[tuple[Origin, bool], list[LeasedMessage | Message]] = {}
    for row in rows:
        if row.pk in compositions:
            key = (Origin(row.origin), bool(row.is_group))
            by_sender.setdefault(key, []).append(row)
    tracked: dict[int, Composition] = {}
    for (origin, is_group), some in by_sender.items():
        texts = [
            AddressedText(text, row.origin_id, row.target_id)
            for row in some
            for text in _texts_of_materials(compositions[row.pk])
        ]
        shortened = iter(
            tracked_links.shorten(
                texts,
                community=community,
                origin=origin,
                is_group=is_group,
                written={each.text for each in texts},
            )
        )
        for row in some:
            parts = [
                replace(part, text=next(shortened), url=next(shortened))
                if part.version is not None
                else part
                for part in compositions[row.pk].parts
            ]
            tracked[row.pk] = replace(compositions[row.pk], parts=tuple(parts))
    return tracked


def _texts_of_materials(composition: Composition) -> Iterator[str]:
    """Two for each part: what is copied, and where its attachment leads."""
    for part in composition.parts:
        if part.version is not None:
            yield part.text
            yield part.version.url if part.kind is not None else ""
