"""What tables keep about people beside the members' own rows, and what erases it.

A table that may quote a member's name, key or identifier registers an eraser beside its
model: the decorator `erased_in` for texts of staff, or a function of its own. The erasers
are called in the background once the person is erased, and may be called again.

A number or an address is removed wherever it is. A name may also be the name of a tag or a
word of a rule, so it is removed from sentences only, and from whatever has a number or an
address of the person as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import IntegrityError, models, transaction

MIN_LENGTH = 2
"""A single character, such as the key 7, would be found everywhere."""
MIN_LENGTH_IN_SENTENCES = 5
"""What is shorter, in ASCII, may be a word or a number of a sentence about others."""
MIN_DIGITS = 5
MIN_ID_LENGTH, MIN_ADDRESS_LENGTH = 16, 6
REPLACEMENT = "…"
TEXT_FIELDS = (models.CharField, models.TextField, models.JSONField)
KEY_FIELDS = ("key", "name")
"""Fields that are unique, where the replacement has to be."""


@dataclass(frozen=True)
class ErasedPerson:
    """`texts` are the names, keys, identifiers and addresses that the person had.

    `shared` are those that something or somebody else is called as well, such as a tag.
    """

    community_id: int
    accounts: tuple[int, ...]
    texts: tuple[str, ...]
    at: datetime
    shared: frozenset[str] = frozenset()

    def is_named_in(self, content: Any) -> bool:
        """Whether the person is named in a text, or in one inside of a JSON value."""
        return _is_in(self._any, content)

    def remove_from(
        self, content: Any, *, is_sentence: bool = False, replacement: str = REPLACEMENT
    ) -> Any:
        """A text or JSON value without the texts that are this person's only.

        Names are removed from a sentence, and from what has a number or an address of
        the person. From the lists of members in rules, every key of theirs is removed.
        """
        is_about_them = is_sentence or _is_in(self._identifying, content)
        pattern = self._own if is_about_them else None
        return self._remove(content, pattern, replacement)

    def _remove(
        self, content: Any, pattern: re.Pattern[str] | None, replacement: str
    ) -> Any:
        if isinstance(content, dict):
            return {
                self._remove(name, pattern, replacement): self._without_keys(value)
                if name == "members"
                else self._remove(value, pattern, replacement)
                for name, value in content.items()
            }
        if isinstance(content, list):
            return [self._remove(item, pattern, replacement) for item in content]
        if pattern is None or not pattern.search(str(content)):
            return content
        return pattern.sub(lambda _match: replacement, str(content))

    def _without_keys(self, clause: Any) -> Any:
        """The clause `members` of a rule, which lists keys, without those of the person."""
        keys = clause.get("keys") if isinstance(clause, dict) else None
        if isinstance(keys, str):
            keys = [keys]
        if not isinstance(keys, list):
            return clause
        return clause | {"keys": [key for key in keys if key not in self.texts]}

    @cached_property
    def own_texts(self) -> list[str]:
        """The texts that `remove_from` removes from sentences."""
        return sorted(
            text
            for text in set(self.texts) - self.shared
            if len(text) >= (MIN_LENGTH_IN_SENTENCES if text.isascii() else MIN_LENGTH)
        )

    @cached_property
    def identifying_texts(self) -> list[str]:
        """Those of `own_texts` that are numbers, ids and addresses."""
        return [text for text in self.own_texts if _is_identifying(text)]

    @cached_property
    def _any(self) -> re.Pattern[str] | None:
        return _compile(text for text in self.texts if len(text) >= MIN_LENGTH)

    @cached_property
    def _own(self) -> re.Pattern[str] | None:
        return _compile(self.own_texts)

    @cached_property
    def _identifying(self) -> re.Pattern[str] | None:
        return _compile(self.identifying_texts)


def _is_identifying(text: str) -> bool:
    digits = sum(map(str.isdigit, text))
    return (
        "@" in text
        or digits >= MIN_DIGITS
        or (digits > 0 and len(text) >= MIN_ID_LENGTH)
        or (digits > 0 and len(text) >= MIN_ADDRESS_LENGTH and not text.isascii())
    )


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
    *fields: str, sentences: Sequence[str] = (), community: str = "community_id"
) -> Callable[[Model], Model]:
    """A decorator of models: removes erased people from these texts and JSON values.

    `sentences` are the fields in which staff write about people, so that a name alone is
    removed from them. `community` is the path to the id of the row's community. The rest
    of a text stays. All rows are read, so this is for tables that staff write, not for
    the fact log. A field or path that the model lacks stops the program at its start,
    since otherwise nobody could be erased any more.
    """

    def register_model(model: Model) -> Model:
        _check_declaration(model, (*fields, *sentences), community)
        FIELDS[model] = (*fields, *sentences)
        register(lambda person: _erase_in(model, sentences, community, person))
        return model

    return register_model


def _check_declaration(
    model: type[models.Model], fields: Sequence[str], community: str
) -> None:
    """Raise ImproperlyConfigured for fields that are no texts, and for a wrong path."""
    for name in fields:
        if not isinstance(_field_of(model, name), TEXT_FIELDS):
            raise ImproperlyConfigured(
                f"{model.__qualname__}: erased_in names “{name}”, which is not a field"
                " with a text or a JSON value. Name one that is."
            )
    *steps, last = community.split("__")
    table: Any = model
    for step in steps:
        field = _field_of(table, step)
        # Not `related_model`, which exists only once all models are loaded.
        table = field.remote_field.model if field and field.remote_field else None
    found = _field_of(table, last)
    if found is None or found.attname != "community_id":
        raise ImproperlyConfigured(
            f"{model.__qualname__}: erased_in finds no community by the path"
            f" “{community}”. Give one from this model to a community_id as"
            " “community=”, such as “activity__community_id”."
        )


def _field_of(model: Any, name: str) -> models.Field[Any, Any] | None:
    """A column of a model; it is read before all models are loaded."""
    try:
        return None if model is None else model._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def _erase_in(
    model: type[models.Model],
    sentences: Sequence[str],
    community: str,
    person: ErasedPerson,
) -> None:
    fields = FIELDS[model]
    rows = model._default_manager.filter(**{community: person.community_id})
    # Only the fields, as a row may have megabytes of something else.
    for pk, *values in rows.values_list("pk", *fields).iterator():
        changed = {}
        for field, value in zip(fields, values, strict=True):
            left = _without(person, field, value, is_sentence=field in sentences)
            if left != value:
                changed[field] = left
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


def _without(person: ErasedPerson, field: str, value: Any, *, is_sentence: bool) -> Any:
    if not value:
        return value
    parsed = _parsed(value)
    # The same in a key and in the rules that name it.
    is_name_of_a_thing = field in KEY_FIELDS or not isinstance(parsed, str)
    unique = is_name_of_a_thing and not is_sentence
    content = person.remove_from(
        parsed,
        is_sentence=is_sentence,
        replacement=f"erased-{person.accounts[0]}" if unique else REPLACEMENT,
    )
    if content == parsed:
        return value
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
