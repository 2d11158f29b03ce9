"""What the rule builder offers to pick from, within what the staff member may see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django import forms

from qunce.core.facts import facts
from qunce.members.attributes import attribute_texts, attributes
from qunce.members.layers import layers
from qunce.members.tags.models import TagGroup
from qunce.sets import audiences
from qunce.sets.rules import references

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.members.attributes.attributes import Attribute
    from qunce.members.layers.layers import Layering

MAX_OPTIONS, MAX_OPTIONS_UNSEARCHED = 24, 10
"""How many options are offered for a search, and before there is one."""


@dataclass(frozen=True)
class Option:
    """Something that can be picked. `hint` distinguishes options with the same name."""

    key: str
    label: str
    hint: str = ""
    known: bool = True


class Picker(forms.Widget):
    """Check boxes: the chosen options first, then those that the search finds.

    Check boxes work with the keyboard and without JavaScript.
    """

    template_name = "console/segments/picker.html"
    query = ""
    """The content of the search box."""

    def __init__(
        self,
        find: Callable[[str], list[Option]] = lambda query: [],
        describe: Callable[[Sequence[str]], list[Option]] = lambda keys: [],
    ) -> None:
        """`find` lists options for a query, `describe` those of chosen keys."""
        super().__init__()
        self.find = find
        self.describe = describe

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        self.query = str(data.get(f"{name}-find", ""))[:80]
        keys = data.getlist(name) if hasattr(data, "getlist") else data.get(name, [])
        return list(dict.fromkeys(str(key) for key in keys))

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        chosen = self.describe(list(value or []))
        keys = {option.key for option in chosen}
        options = self.find(self.query)
        offered = [option for option in options if option.key not in keys]
        return context | {"query": self.query, "chosen": chosen, "offered": offered}

    def id_for_label(self, id_: str | None, index: str | None = None) -> str:
        return f"{id_}-find" if id_ else ""


@dataclass(frozen=True)
class Choices:
    """What one staff member can choose from at one moment."""

    by: Staff
    at: datetime
    me: int | None = None
    """The id of “me” in the rule, if it is not `by`: of the colleague with this scope,
    or 0 for one who is not created yet."""

    @property
    def community(self) -> Community:
        return self.by.community

    def picker(self, kind: str) -> Picker:
        """A picker of the things that rules mention as `kind`, such as tags."""

        def describe(keys: Sequence[str]) -> list[Option]:
            if kind in DESCRIBERS:
                return DESCRIBERS[kind](self, keys)
            names = references.find_names(self.community, kind, keys)
            return [Option(key, names.get(key, key), "", key in names) for key in keys]

        return Picker(lambda query: FINDERS[kind](self, query), describe)

    def value_picker(self, attribute: Attribute) -> Picker:
        """A picker of an attribute's values. The query itself can always be picked."""

        def find(query: str) -> list[Option]:
            texts = attribute.choices
            # Values that occur are offered to staff without a scope only: they could
            # reveal something about members that the others do not see.
            hidden = attribute_texts.is_masked(attribute, self.by)
            if not attribute.choices and self.by.scope is None and not hidden:
                texts = audiences.list_attribute_texts(
                    community=self.community, attribute=attribute.pk, at=self.at
                )
            free = [] if attribute.choices or not query.strip() else [query.strip()]
            matches = filter_texts(texts, query)
            return [Option(text, text) for text in free] + [
                option for option in matches if option.key not in free
            ]

        return Picker(find, lambda keys: [Option(key, key) for key in keys])

    @cached_property
    def currency(self) -> str:
        """The currency in which amounts of rules are."""
        return self.community.currency

    @cached_property
    def fact_kinds(self) -> list[tuple[str, str]]:
        """The kinds of facts that members of the community have, with their labels."""
        kinds = audiences.list_fact_kinds(self.community)
        labelled = ((kind, facts.label_of(kind)) for kind in kinds)
        return sorted(labelled, key=lambda choice: choice[1])

    @cached_property
    def attributes(self) -> list[Attribute]:
        return list(attributes.list_all(self.community))

    @cached_property
    def layerings(self) -> list[Layering]:
        return layers.list_active(self.community)

    @cached_property
    def tag_groups(self) -> list[tuple[str, str]]:
        rows = TagGroup.objects.filter(community=self.community)
        return list(rows.order_by("name").values_list("key", "name"))


# Finding options

Finder = Callable[[Choices, str], list[Option]]
FINDERS: dict[str, Finder] = {}
"""By kind of thing; each is registered beside the form that needs it."""


def register_finder(kind: str) -> Callable[[Finder], Finder]:
    """Let pickers of a kind of thing find their options with this function."""

    def register(finder: Finder) -> Finder:
        FINDERS[kind] = finder
        return finder

    return register


Describer = Callable[[Choices, Sequence[str]], list[Option]]
DESCRIBERS: dict[str, Describer] = {}
"""Of kinds of things whose names not everybody may see; others have their names."""


def register_describer(kind: str) -> Callable[[Describer], Describer]:
    def register(describer: Describer) -> Describer:
        DESCRIBERS[kind] = describer
        return describer

    return register


def filter_texts(texts: Iterable[str], query: str) -> list[Option]:
    folded = query.strip().casefold()
    matches = [text for text in texts if folded in text.casefold()]
    return [Option(text, text) for text in matches[: max_options(query)]]


def max_options(query: str) -> int:
    return MAX_OPTIONS if query else MAX_OPTIONS_UNSEARCHED
