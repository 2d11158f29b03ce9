"""Kinds of rows of a chat log, and the names in it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from qunce.core import errors, names

MESSAGE, EDITED, JOINED, LEFT = "message", "edited", "joined", "left"
MESSAGES = (MESSAGE, EDITED)
WORDS = {
    MESSAGE: "message msg text 消息 发言",
    EDITED: "edited 已编辑",
    JOINED: "joined join added 加入 入群 进群",
    LEFT: "left leave quit removed 退出 退群 移出",
}
MAX_NAME_LENGTH = 120


def read_kind(text: str) -> str:
    for kind, words in WORDS.items():
        if text.strip().casefold() in words.split():
            return kind
    raise errors.Invalid(_("Write message, edited, joined or left."))


def read_author(text: str) -> str | None:
    """Return the name with nothing invisible in it, None if nothing is left."""
    name = names.read_cell(text)
    if name is not None and len(name) > MAX_NAME_LENGTH:
        raise errors.Invalid(
            _("A name has at most %(n)d characters.") % {"n": MAX_NAME_LENGTH}
        )
    return name
