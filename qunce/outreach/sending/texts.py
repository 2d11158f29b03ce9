"""Message texts with the values of their recipients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.content import templates, variable_values
from qunce.outreach.links import tracked_links
from qunce.outreach.links.tracked_links import AddressedText
from qunce.outreach.sending.ledger import NewMessage, Sender

Rendered = dict[int, tuple[str | None, str]]
"""Target → its text and "", or None and a sentence about the missing value."""


def render(
    text: str,
    targets: Sequence[int],
    *,
    community: Community,
    is_group: bool,
    staff: Staff | None,
) -> Rendered:
    return render_each(
        dict.fromkeys(targets, text),
        community=community,
        is_group=is_group,
        staff=staff,
    )


def render_each(
    texts: Mapping[int, str],
    *,
    community: Community,
    is_group: bool,
    staff: Staff | None,
) -> Rendered:
    """Like `render`, for a text of its own for each target."""
    pieces = {text: templates.parse(text) for text in set(texts.values())}
    if is_group:
        values = variable_values.group_values(community, list(texts), staff)
    else:
        names = {
            name for each in pieces.values() for name in templates.variable_names(each)
        }
        values = (
            variable_values.member_values(community, list(texts), names, staff)
            if names
            else {}
        )
    # Without variables it is the same for everyone.
    plain = {
        text: (templates.render(each, {}), "")
        for text, each in pieces.items()
        if not templates.variable_names(each)
    }
    rendered: Rendered = {}
    for target, text in texts.items():
        if text in plain:
            rendered[target] = plain[text]
            continue
        try:
            rendered[target] = (
                templates.render(pieces[text], values.get(target, {})),
                "",
            )
        except templates.MissingValue as error:
            rendered[target] = None, str(error)
    return rendered


def shorten_links(
    rows: Sequence[NewMessage], sender: Sender, *, written: Iterable[str]
) -> None:
    """Replace the addresses in texts of messages without a row by tracked ones.

    `written` are the texts with their variables.
    """
    shortened = tracked_links.shorten(
        [AddressedText(row.text, row.origin_id, row.target) for row in rows],
        community=sender.community,
        origin=sender.origin,
        is_group=sender.is_group,
        written=written,
    )
    for row, text in zip(rows, shortened, strict=True):
        row.text = text
