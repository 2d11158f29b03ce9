"""Base class and registry of steps; each kind is one file of this folder."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from qunce.core import errors
from qunce.core.communities import Community
from qunce.outreach.content import templates
from qunce.outreach.playbooks.actions import Action, Perform, RunPosition
from qunce.outreach.playbooks.names import Names
from qunce.outreach.playbooks.undone import Undone
from qunce.outreach.playbooks.work import DONE, Outcome, Work

if TYPE_CHECKING:
    from qunce.outreach.playbooks.definitions import Definition
    from qunce.outreach.playbooks.histories import History
    from qunce.outreach.playbooks.validation import Resources

STEP_ID = re.compile(r"[a-z0-9]{1,12}")
MAX_STEPS = 200


class InvalidStep(errors.Invalid):
    """A step has an id, a kind and the fields of its kind."""


@dataclass(frozen=True)
class Block:
    """Steps inside a step, such as those of one side of a branch."""

    name: str
    label: StrOrPromise
    steps: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step. Fields of a subclass are those of its JSON form.

    A step that `acts` has an effect outside the run. One that `waits` begins when the run
    really gets to it, any other when that was planned.
    """

    kind: ClassVar[str]
    icon: ClassVar[str]
    rank: ClassVar[int]
    """The place among the kinds that can be added."""
    label: ClassVar[StrOrPromise]
    description: ClassVar[StrOrPromise]
    acts: ClassVar[bool] = False
    waits: ClassVar[bool] = False
    for_groups: ClassVar[bool] = True
    for_members: ClassVar[bool] = True
    ends: ClassVar[bool] = False
    """Whether the run never gets to what follows in the same list."""

    id: str

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> Step:
        """The step of its JSON form, whose `kind` is this one."""
        unknown = sorted(set(value) - cls.field_names() - {"id", "kind"})
        if unknown:
            raise InvalidStep(
                _("A step “%(kind)s” has no field “%(name)s”.")
                % {"kind": cls.label, "name": unknown[0]}
            )
        return cls.from_fields({k: v for k, v in value.items() if k != "kind"})

    @classmethod
    def field_names(cls) -> frozenset[str]:
        """The names of fields in the JSON form."""
        return frozenset(field.name for field in dataclasses.fields(cls))

    @classmethod
    def from_fields(cls, values: dict[str, Any]) -> Step:
        return cls(**values)

    def texts(self) -> Mapping[str, str]:
        """Variant → what it says, "" is the step itself; empty if it says nothing."""
        return {}

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "kind": self.kind, **self.fields()}

    def fields(self) -> dict[str, Any]:
        """The fields in JSON, without those that have their default value."""
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name != "id" and getattr(self, field.name) != field.default
        }

    def blocks(self) -> tuple[Block, ...]:
        return ()

    def with_block(self, name: str, steps: Sequence[Step]) -> Step:
        """The step with other steps inside."""
        changes: dict[str, Any] = {name: tuple(steps)}
        return dataclasses.replace(self, **changes)

    def targets(self) -> tuple[str, ...]:
        """Ids of steps elsewhere at which the run may continue."""
        return ()

    def kinds(self) -> frozenset[str]:
        """Kinds of facts that the step looks at."""
        return frozenset()

    def looks_back_days(self) -> int:
        """How many days before the run facts may count for the step."""
        return 0

    def rules(self) -> tuple[Any, ...]:
        """Rules that the step asks about."""
        return ()

    def due_at(
        self, since: datetime, definition: Definition, zone: ZoneInfo
    ) -> datetime:
        """When the step is decided, for a run that arrived at it at `since`."""
        return since

    def decide(
        self, definition: Definition, run: RunPosition, facts: History, at: datetime
    ) -> list[Action]:
        """What happens at this step; the checks that all steps share are done before."""
        after = self.go_on(definition, run, at)
        return [Perform(self.id), after] if self.acts else [after]

    def go_on(self, definition: Definition, run: RunPosition, at: datetime) -> Action:
        following = definition.graph.following(self.id)
        return definition.arrive(following, run, at)

    def reasons_to_skip(
        self, community: Community, people: Sequence[int], at: datetime
    ) -> dict[int, str]:
        """Person → why the step is not done for them. Rehearsals ask it, too."""
        return {}

    def perform(self, work: Work) -> list[Outcome]:
        """Do what the step says for several runs, in the transaction that advances them.

        Returns an outcome for each of the items.
        """
        return [DONE] * len(work.items)

    def find_obstacle(self, community: Community, at: datetime) -> str:
        """Why nobody can do the step now, such as that its tag is archived, or ""."""
        return ""

    @property
    def undone(self) -> Undone | None:
        """What the run does until staff have done the step; None if it goes on."""
        return None

    def problems(self, resources: Resources) -> Iterator[str]:
        """Sentences about what is wrong with the step's own fields."""
        return iter(())

    def phrase(self, names: Names) -> str:
        """What the step does, as a line of the list."""
        return str(self.label)


AnyStep = TypeVar("AnyStep", bound=Step)
_kinds: dict[str, type[Step]] = {}


def register(kind: type[AnyStep]) -> type[AnyStep]:
    _kinds[kind.kind] = kind
    return kind


@functools.cache
def kinds() -> Mapping[str, type[Step]]:
    """All kinds of steps by name; every file of the folder is one."""
    package = importlib.import_module("qunce.outreach.playbooks.steps")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return dict(_kinds)


def parse_list(value: Any) -> tuple[Step, ...]:
    """The steps of their JSON forms. Raises InvalidStep."""
    if not isinstance(value, list):
        raise InvalidStep(_("Steps are a list."))
    return tuple(parse(each) for each in value)


def parse(value: Any) -> Step:
    if not isinstance(value, Mapping):
        raise InvalidStep(_("A step is an object with an id and a kind."))
    kind, step_id = value.get("kind"), value.get("id")
    if not isinstance(kind, str) or kind not in kinds():
        raise InvalidStep(_("There is no kind of step “%(kind)s”.") % {"kind": kind})
    if not isinstance(step_id, str) or not STEP_ID.fullmatch(step_id):
        raise InvalidStep(
            _("The id of a step has 1 to 12 small letters and digits, not “%(id)s”.")
            % {"id": step_id}
        )
    try:
        return _kinds[kind].parse(value)
    except TypeError:
        raise InvalidStep(
            _("Fields are missing in the step “%(kind)s”.")
            % {"kind": _kinds[kind].label}
        ) from None


def walk(steps: Sequence[Step]) -> Iterator[Step]:
    """All steps, each before those inside it."""
    for step in steps:
        yield step
        for block in step.blocks():
            yield from walk(block.steps)


def with_details(sentence: str, details: Sequence[str]) -> str:
    if not details:
        return sentence
    words = {"sentence": sentence, "details": _(", ").join(details)}
    return _("%(sentence)s (%(details)s)") % words


def check_hours(value: Any, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidStep(_("Write a number of hours."))
    if not least <= value <= most:
        raise InvalidStep(
            _("Write between %(least)s and %(n)s hours.") % {"least": least, "n": most}
        )


def check_text(value: Any, most: int) -> str:
    """The text of a task or a notice, which is stored in a line."""
    if isinstance(value, str) and templates.CONTROL_CHARACTERS.search(value):
        raise InvalidStep(_("The text contains a character that cannot be sent."))
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not 0 < len(text) <= most:
        raise InvalidStep(
            _("Write what is to be done, in %(n)s characters at most.") % {"n": most}
        )
    return text
