"""A message in a group as a channel reports it, before anything is decided about it.

Author, editor, forwarder and quoted person are distinguished: people who forward, quote or
are quoted have not written the text, and editors have.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.groups.groups import Group


@dataclass(frozen=True, kw_only=True)
class MessageFile:
    """A file of a message; `path` is where the channel has stored it."""

    name: str
    media_type: str = ""
    sha256: str = ""
    path: Path | None = None


@dataclass(frozen=True, kw_only=True)
class GroupMessage:
    """`account` is the author's, `key` the channel's id of the message.

    `edits` is the key of the message that this one replaces the text of, and `editor` the
    account of whoever edited it; both are empty for a new message. `forwarded_from` is the
    name or id of whoever wrote a forwarded text, `quoted` the text that is answered to.
    `is_history` marks what was said while nobody listened.
    """

    community: Community
    group: Group
    account: int
    key: str
    happened_at: datetime
    text: str
    author_name: str = ""
    is_history: bool = False
    edits: str = ""
    editor: int | None = None
    forwarded_from: str = ""
    quoted: str = ""
    files: tuple[MessageFile, ...] = ()

    @property
    def responsible(self) -> int:
        """The account that wrote the present text: the editor's, or the author's."""
        return self.account if self.editor is None else self.editor
