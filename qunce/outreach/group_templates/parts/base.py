"""What a part of a group's setup is: how it is checked, read, described and applied."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _

from qunce.core import errors

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.groups.groups import Group


class InvalidGroupTemplate(errors.Invalid):
    """A template has a name, and values that groups can have."""


@dataclass(frozen=True)
class Option:
    """A field whose value is chosen in a form, with the values that it can have."""

    field: str
    label: StrOrPromise
    values: tuple[tuple[Any, StrOrPromise], ...]


class Snapshot(ABC):
    """What a part has read about groups, and the names of what its fields are about."""

    @abstractmethod
    def now(self, group: int) -> Mapping[str, Any]:
        """The values of a group by field."""

    @abstractmethod
    def label(self, field: str) -> str: ...

    @abstractmethod
    def text(self, field: str, value: Any) -> str:
        """A value as staff read it; `value` may be None where a group has none."""

    def conflict(
        self, group: int, field: str, value: Any, *, is_undo: bool = False
    ) -> str:
        """The sentence why the group cannot get this value, or "".

        A value that the group had before is less restricted than a new one.
        """
        return ""


class Part(ABC):
    """`rank` is the order in which parts are shown and applied."""

    key: ClassVar[str]
    label: ClassVar[StrOrPromise]
    rank: ClassVar[int]
    is_copied: ClassVar[bool] = True
    """Whether the form to copy a group's setup has this part ticked."""

    @abstractmethod
    def check(self, fields: Mapping[str, Any], community: Community) -> None:
        """Raise InvalidGroupTemplate for a field or value that no group can have."""

    @abstractmethod
    def load(
        self,
        groups: Sequence[Group],
        fields: Mapping[str, Any],
        by: Staff,
        at: datetime,
    ) -> Snapshot:
        """Read these fields of all groups at once."""

    @abstractmethod
    def copy(self, group: Group, by: Staff, at: datetime) -> dict[str, Any]:
        """The fields of a group that are worth copying, with their values."""

    @abstractmethod
    def apply(
        self, group: Group, values: Mapping[str, Any], by: Staff, at: datetime
    ) -> None:
        """Give the group these values, through the verbs that staff use."""

    def list_options(self, by: Staff) -> list[Option]:
        """The fields that the form of a template offers with a list of values."""
        return []

    def is_visible_to(self, by: Staff) -> bool:
        """Whether `by` may see and apply this part."""
        return True


REGISTRY: dict[str, Part] = {}


def declare(part: Part) -> Part:
    REGISTRY[part.key] = part
    return part


def check_names(part: Part, fields: Mapping[str, Any], names: Collection[str]) -> None:
    for field in sorted(set(fields) - set(names)):
        raise InvalidGroupTemplate(
            _("The part “%(part)s” has no field “%(field)s”. It has: %(names)s.")
            % {
                "part": part.key,
                "field": field[:80],
                "names": _(", ").join(sorted(names)),
            }
        )


def check_choice(field: str, value: Any, choices: Collection[str]) -> None:
    if value not in choices:
        raise InvalidGroupTemplate(
            _("“%(field)s” must be one of: %(choices)s.")
            % {"field": field, "choices": _(", ").join(choices)}
        )


def check_flags(
    fields: Mapping[str, Any], known: Collection[str], unknown: Callable[[str], str]
) -> None:
    """Raise unless each field is known and true or false; `unknown` is the sentence."""
    for field, value in fields.items():
        if field not in known:
            raise InvalidGroupTemplate(unknown(field[:80]))
        if not isinstance(value, bool):
            raise InvalidGroupTemplate(
                _("“%(field)s” must be true or false.") % {"field": field}
            )


def check_text(field: str, value: Any, limit: int) -> None:
    """An empty text is refused, as a field that is left out stays as it is in groups."""
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= limit:
        raise InvalidGroupTemplate(
            _(
                "“%(field)s” needs 1 to %(n)s characters. Leave the field out of the "
                "template if groups keep their own text."
            )
            % {"field": field, "n": limit}
        )
