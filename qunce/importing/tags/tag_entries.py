"""Entries of tag lists in files: which tag each means, and how deep it is.

An entry is the key or a synonym of a tag, or the name of a new one; `vip×3` is the tag
`vip` with depth 3, as exports write it.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.importing.values import lists
from qunce.members.tags import levels, library, naming
from qunce.members.tags.levels import DepthChange
from qunce.members.tags.models import Tag, TagGroup

if TYPE_CHECKING:
    from qunce.importing.plan.plan import ImportPlan

QUESTION = "tag"
"""Name of the questions about new tags; their keys are `tag:` and the name."""
DEPTH_QUESTION = "tag_depth"
"""Name of the question whether the 3 of `VIP(3)` is a depth or a part of the name."""
AS_DEPTH, AS_NAME = "depth", "name"


@dataclass(frozen=True)
class TagEntry:
    """`tag` is None if the tag is new; then `group` is where it belongs.

    `change` is None for an entry without a depth, which only says that the member has
    the tag. `error` says why the entry cannot be imported.
    """

    key: str
    tag: Tag | None = None
    group: TagGroup | None = None
    change: DepthChange | None = None
    error: str = ""


def normalise_cell(text: str) -> str:
    """Return the entries of a cell with normal names; raises InvalidTagName."""
    return lists.join(dict.fromkeys(map(_normalise, lists.parse_joined(text))))


@functools.lru_cache(maxsize=10_000)
def _normalise(entry: str) -> str:
    # Nearly every cell is another list, but all of few entries.
    name, suffix = levels.split_depth(entry)
    return f"{naming.check(name, naming.NO_RULE)}{suffix}"


def answers_of(
    community: Community, answers: Mapping[str, str], names: Iterable[str]
) -> dict[str, str]:
    """Return by name which tag the answers choose for it."""
    given = {name: answers.get(f"{QUESTION}:{name}", "") for name in names}
    return {name: naming.normalise(answer) for name, answer in given.items() if answer}


@dataclass
class TagBook:
    """The tags that a file names, looked up in the library once each."""

    community: Community
    by: Staff
    answers: Mapping[str, str]
    """By the key of the question."""
    has_marked_depths: bool = False
    """Whether `VIP(3)` is the tag `VIP` with depth 3, unless there is a tag `VIP(3)`."""
    _entries: dict[str, TagEntry] = field(default_factory=dict)
    _groups: list[TagGroup] | None = None

    @classmethod
    def of_plan(cls, plan: ImportPlan) -> TagBook:
        """Return a book that knows what was answered, or suggested, about new tags."""
        asked = {
            question.key: question.value
            for question in plan.questions
            if question.name == QUESTION and question.value
        }
        has_marked_depths = any(
            question.name == DEPTH_QUESTION and question.value == AS_DEPTH
            for question in plan.questions
        )
        answers = {**plan.options.answers, **asked}
        return cls(plan.community, plan.by, answers, has_marked_depths)

    def split(self, entry: str) -> tuple[str, str]:
        """Return the name of an entry, and its depth like `×3` or nothing."""
        name, suffix = levels.split_depth(entry)
        if suffix or not self.has_marked_depths:
            return name, suffix
        return levels.split_marked_depth(entry)

    def look_up(self, texts: Iterable[str]) -> dict[str, TagEntry]:
        """Return what each entry means."""
        wanted = set(texts)
        new = sorted(wanted - set(self._entries))
        if new:
            # A whole entry may be a key, such as that of a product with a number.
            tags = library.find(self.community, new)
            parts = {text: self.split(text) for text in new if text not in tags}
            names = {name for name, _suffix in parts.values()}
            tags |= library.find(self.community, names)
            chosen = answers_of(self.community, self.answers, names - set(tags))
            tags |= library.find(self.community, chosen.values())
            for text in new:
                name, suffix = parts.get(text, (text, ""))
                change = DepthChange(int(suffix[1:])) if suffix else None
                key = chosen.get(name, name)
                tag = tags.get(key)
                entry = TagEntry(tag.key if tag else key, tag, None, change)
                self._entries[text] = entry if tag else self._check_new(entry)
        return {text: self._entries[text] for text in wanted}

    def _check_new(self, entry: TagEntry) -> TagEntry:
        if self._groups is None:
            rows = TagGroup.objects.filter(community=self.community)
            self._groups = list(rows.exclude(prefix="").order_by("pk"))
        # The group whose names begin like this one, the closest if several do.
        fitting = [
            group for group in self._groups if entry.key.startswith(group.prefix)
        ]
        group = max(fitting, key=lambda group: len(group.prefix), default=None)
        try:
            library.check_may_create(group, self.by)
            naming.check(entry.key, group.naming if group else naming.NO_RULE)
        except permissions.NotAllowed:
            text = _("There is no tag “%(tag)s”, and you may not create it.")
            return dataclasses.replace(entry, error=text % {"tag": entry.key})
        except errors.Invalid as error:
            return dataclasses.replace(entry, group=group, error=str(error))
        return dataclasses.replace(entry, group=group)

    def describe(self, entries: Sequence[str]) -> list[str]:
        """Return the name and depth of the tag that each entry means."""
        found = self.look_up(entries)
        named = [(found[text], self.split(text)[1]) for text in entries]
        return [
            f"{entry.tag.name if entry.tag else entry.key}{depth if entry.change else ''}"
            for entry, depth in named
        ]

    def ensure(self, texts: Iterable[str], *, at: datetime) -> dict[str, Tag]:
        """Return the tag of each entry, and create those that are new."""
        entries = sorted(self.look_up(texts).items())
        # Several entries may mean the same new tag.
        groups = {entry.key: entry.group for _text, entry in entries if not entry.tag}
        tags = library.ensure(
            community=self.community, keys=groups, groups=groups, by=self.by, at=at
        )
        found: dict[str, Tag] = {}
        for text, entry in entries:
            found[text] = entry.tag or tags[entry.key]
            if entry.tag is None:
                self._entries[text] = dataclasses.replace(
                    entry, tag=found[text], group=None
                )
        return found
