"""Takes back messages of chat logs, with their texts.

An entry is `[account, key]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy

from qunce.core.facts import fact_keys, interned_names
from qunce.importing.undo.step_registry import Step, Undoing
from qunce.members.message_texts import message_texts


class MessageStep(Step):
    kind = "messages"
    position = 20
    label = gettext_lazy("messages taken back")
    entries_per_transaction = 1_000

    def account_of(self, entry: Any) -> int | None:
        return int(entry[0])

    def undo(self, undoing: Undoing, entries: Sequence[Any]) -> int:
        community = undoing.community
        ids = interned_names.ensure("source", community.pk, [message_texts.CHAT_LOG])
        source, keys = ids[message_texts.CHAT_LOG], [key for _account, key in entries]
        message_texts.remove(community, source, keys)
        return len(fact_keys.withdraw(source, keys))


STEP = MessageStep
