"""Texts of messages that programs report: taken out of the payload, stored apart."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence

from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.core.facts import fact_keys
from qunce.ingest.incoming_facts import IncomingFact
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.message_texts import NewText

KIND, FIELD = "message.posted", "text"
Texts = Mapping[int, str]
"""By the index of the fact."""


def take_out(incoming: Sequence[IncomingFact]) -> tuple[Sequence[IncomingFact], Texts]:
    """Return the facts without the texts of messages, and the texts."""
    texts = {
        index: text
        for index, fact in enumerate(incoming)
        if fact.payload
        and fact.kind == KIND
        and isinstance(text := fact.payload.get(FIELD), str)
    }
    if not texts:
        return incoming, texts
    facts = list(incoming)
    for index, text in texts.items():
        facts[index] = _without(facts[index], text)
    return facts, texts


def _without(fact: IncomingFact, text: str) -> IncomingFact:
    payload = {k: v for k, v in (fact.payload or {}).items() if k != FIELD}
    payload["length"] = len(text)
    key = fact.key
    if not key:
        # Two messages of the same length at one time are two.
        named = repr((fact.happened_at, fact.member, fact.references, fact.account))
        content = f"{named}{fact.group}{fact.group_id}{text}"
        key = f"text-{hashlib.blake2b(content.encode(), digest_size=16).hexdigest()}"
    return dataclasses.replace(fact, payload=payload, key=key)


def find_new(texts: Texts, keys: Sequence[str], source_id: int) -> set[int]:
    """Return the indexes of messages that are not recorded yet."""
    known = fact_keys.find(source_id, [keys[index] for index in texts])
    return {index for index in texts if keys[index] not in known}


def store(
    community: Community,
    source_id: int,
    new: Mapping[int, str],
    facts: Sequence[tuple[str, int | None, int | None, IncomingFact]],
) -> None:
    """Store texts; `facts` have the key, account and group of each fact."""
    rows = []
    for index, text in new.items():
        key, account, group, fact = facts[index]
        if account is not None:
            moment = timestamps.to_micros(fact.happened_at)
            rows.append(NewText(key, account, group, moment, text))
    message_texts.store(community, source_id, rows)
