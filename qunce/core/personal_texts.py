"""What tables keep about people beside the members' own rows, and what erases it.

A table that may quote a member's name, key or identifier registers an eraser beside its
model: the decorator `erased_in` for texts of staff, or a function of its own. The erasers are called in
the background once the person is erased, and may be called again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from django.db import IntegrityError, models, transaction

MIN_LENGTH = 2
"""A single character, such as the key 7, would be found everywhere."""
MIN_LENGTH_IN_SENTENCES = 5
"""What is shorter, in ASCII, may be a word or a number of a sentence about others."""
REPLACEMENT = "…"
KEY_FIELDS = ("key",)
"""Fields that are unique, where the replacement has to be."""


@dataclass(frozen=True)
class ErasedPerson:
    """`texts` are the names, keys, identifiers and addresses that the person had.

    `shared` are those that another member has as well, such as a name.
    """

    community_id: int
    accounts: tuple[int, ...]
    texts: tuple[str, ...]
    at: datetime
    shared: frozenset[str] = frozenset()

    def is_named_in(self, content: Any) -> bool:
        """Whether the person is named in a text, or in one inside of a JSON value."""
        return _is_in(self._any, content)

    def is_quoted_in(self, content: Any) -> bool:
        """Whether `remove_from` changes this text or JSON value."""
        return self._is_listed_in(content) or _is_in(self._pattern, content)

    def remove_from(self, content: Any, *, replacement: str = REPLACEMENT) -> Any:
        """A text or JSON value without the texts that are this person's only.

        What is nothing but such a text is left out of lists, as the keys of a rule are.
        """
        if isinstance(content, dict):
            return {
                self.remove_from(name): self.remove_from(value)
                for name, value in content.items()
            }
        if isinstance(content, list):
            kept = [item for item in content if not self._is_listed(item)]
            return [self.remove_from(item) for item in kept]
        if self._pattern is None or not self._pattern.search(str(content)):
            return content
        return self._pattern.sub(lambda _match: replacement, str(content))

    def _is_listed_in(self, content: Any) -> bool:
        if isinstance(content, dict):
            return any(map(self._is_listed_in, content.values()))
        if isinstance(content, list):
            return any(self._is_listed(x) or self._is_listed_in(x) for x in content)
        return False

    def _is_listed(self, item: Any) -> bool:
        return isinstance(item, str) and item in self._listed

    @cached_property
    def _listed(self) -> frozenset[str]:
        return frozenset(self.texts) - self.shared

    @cached_property
    def _any(self) -> re.Pattern[str] | None:
        return _compile(text for text in self.texts if len(text) >= MIN_LENGTH)

    @cached_property
    def own_texts(self) -> list[str]:
        """The texts that `remove_from` removes from sentences."""
        return sorted(
            text
            for text in self._listed
            if len(text) >= (MIN_LENGTH_IN_SENTENCES if text.isascii() else MIN_LENGTH)
        )

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        return _compile(self.own_texts)


def _compile(texts: Iterable[str]) -> re.Pattern[str] | None:
    # Letters and digits of ASCII end a word, as 138 is not 13800138000. Chinese has no
    # spaces, so a name is found anywhere. The longest first, as a key may be part of an
    # address.
    parts = [
        ("(?<![a-z0-9])" if text[0].isascii() else "")
        + re.escape(text)
        + ("(?![a-z0-9])" if text[-1].isascii() else "")
        for text in sorted(texts, key=len, reverse=True)
    ]
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None


def _is_in(pattern: re.Pattern[str] | None, content: Any) -> bool:
    if isinstance(content, dict):
        return any(_is_in(pattern, part) for part in [*content, *content.values()])
    if isinstance(content, list):
        return any(_is_in(pattern, part) for part in content)
    return pattern is not None and bool(pattern.search(str(content)))


def contains_any(field: str, person: ErasedPerson) -> models.Q:
    """A condition for `filter`: this column has one of the person's own texts.

    It finds too much rather than too little, except texts that are escaped in JSON.
    """
    condition = models.Q(pk__in=[])
    for text in person.own_texts:
        condition |= models.Q(**{f"{field}__icontains": text})
    return condition


Eraser = Callable[[ErasedPerson], None]
_erasers: list[Eraser] = []


def register(eraser: Eraser) -> Eraser:
    """Register a function that erases people; usable as a decorator."""
    _erasers.append(eraser)
    return eraser


def erase(person: ErasedPerson) -> None:
    """Call all registered erasers."""
    for eraser in _erasers:
        eraser(person)


Model = TypeVar("Model", bound=type[models.Model])
FIELDS: dict[type[models.Model], tuple[str, ...]] = {}
"""The texts and JSON values of each model that `erased_in` removes people from."""


def erased_in(
    *fields: str, community: str = "community_id"
) -> Callable[[Model], Model]:
    """A decorator of models: removes erased people from these texts and JSON values.

    `community` is the path to the id of the row's community. The rest of a text stays.
    All rows are read, so this is for tables that staff write, not for the fact log.
    """

    def register_model(model: Model) -> Model:
        FIELDS[model] = fields
        register(lambda person: _erase_in(model, fields, community, person))
        return model

    return register_model


def _erase_in(
    model: type[models.Model],
    fields: Sequence[str],
    community: str,
    person: ErasedPerson,
) -> None:
    rows = model._default_manager.filter(**{community: person.community_id})
    # Only the fields, as a row may have megabytes of something else.
    for pk, *values in rows.values_list("pk", *fields).iterator():
        changed = {
            field: _without(person, field, value)
            for field, value in zip(fields, values, strict=True)
            if value and person.is_quoted_in(_parsed(value))
        }
        if changed:
            _update(model, pk, changed)


def _parsed(value: Any) -> Any:
    """The JSON value of a text that has one: it may have escapes in place of Chinese."""
    if isinstance(value, str) and value[:1] in "{[":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _without(person: ErasedPerson, field: str, value: Any) -> Any:
    parsed = _parsed(value)
    unique = f"erased-{person.accounts[0]}"
    replacement = unique if field in KEY_FIELDS else REPLACEMENT
    content = person.remove_from(parsed, replacement=replacement)
    if isinstance(value, str) and not isinstance(content, str):
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return content


def _update(model: type[models.Model], pk: Any, changed: dict[str, Any]) -> None:
    rows = model._default_manager.filter(pk=pk)
    try:
        with transaction.atomic():
            rows.update(**changed)
    except IntegrityError:
        # Two texts that differed by the person only.
        keys = {
            field: f"{changed[field]}-{pk}" for field in KEY_FIELDS if field in changed
        }
        rows.update(**changed | keys)
