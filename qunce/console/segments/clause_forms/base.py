"""Base of the clause forms: from the JSON of a clause to fields and back.

`to_fields` and `from_fields` are inverse for everything that the fields can hold. What
they cannot hold is kept as it is, so that no rule is truncated by opening it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.forms.utils import ErrorDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.console.segments.builder_choices import Choices
from qunce.core.facts import facts
from qunce.sets import audiences
from qunce.sets.rules.base import RuleError

PREFIX = "c"
FORMS: dict[str, type[ClauseForm]] = {}
"""By the name of the clause; a subclass with a `name` registers itself."""


class ClauseForm(forms.Form):
    """`clause` is the clause that valid fields stand for."""

    name: ClassVar[str]
    label: ClassVar[StrOrPromise]
    icon: ClassVar[str]
    order: ClassVar[int]
    """Position in the menu, ascending; what is asked most comes first."""
    hint: ClassVar[StrOrPromise] = ""
    is_offered: ClassVar[bool] = True
    """Whether the menu has it."""
    folded_fields: tuple[str, ...] = ()
    """Fields that are seldom needed."""
    folded_label: ClassVar[StrOrPromise] = gettext_lazy("More conditions")
    first_field: ClassVar[str] = ""
    """The field that gets the focus; the first one if empty."""
    do_not_call_in_templates: ClassVar[bool] = True
    clause: Any = None
    use_required_attribute = False

    def __init__(self, choices: Choices, data: Any = None, args: Any = None) -> None:
        initial = None if args is None else self.to_shown_fields(args, choices)
        super().__init__(data, initial=initial, prefix=PREFIX)
        self.choices = choices
        self.set_up()
        # A bound form is shown again after an error; the focus stays where it was.
        if not self.is_bound:
            shown = (n for n, f in self.fields.items() if not f.widget.is_hidden)
            name = self.first_field or next(shown, "")
            if name:
                self.fields[name].widget.attrs["autofocus"] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" in cls.__dict__:
            FORMS[cls.name] = cls

    def set_up(self) -> None:
        """Give the fields the choices that the community has."""

    @classmethod
    @abstractmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        """The initial values of the fields, from the JSON behind the clause's name."""

    @classmethod
    def to_shown_fields(cls, args: Any, choices: Choices) -> dict[str, Any]:
        """Like `to_fields`, for values that are entered in a unit of the community."""
        return cls.to_fields(args)

    @abstractmethod
    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        """The JSON behind the clause's name.

        Raises ValidationError with the field if something is missing.
        """

    def clean(self) -> None:
        if not self.errors:
            self.clause = self.to_clause(self.from_fields(self.cleaned_data))

    def to_clause(self, args: Any) -> Any:
        return {self.name: args}

    def is_complete(self) -> bool:
        """Whether the clause is valid in a rule; else the form has an error."""
        if not self.is_valid():
            return False
        try:
            audiences.check(
                community=self.choices.community, rule=self.clause, by=self.choices.by
            )
        except RuleError as error:
            self.add_error(None, error.message)
            return False
        return True

    @property
    def uses_folded_fields(self) -> bool:
        values = (self[field].value() for field in self.folded_fields)
        return any(value not in (None, "", [], "is", "ever") for value in values)

    def clear_errors(self) -> None:
        """Keep what was typed, without reporting yet what is missing."""
        self._errors = ErrorDict()

    def use_picker(self, field: str, kind: str) -> None:
        self.fields[field].widget = self.choices.picker(kind)

    def set_choices(self, field: str, choices: Any) -> None:
        choice_field = self.fields[field]
        if isinstance(choice_field, forms.ChoiceField):
            choice_field.choices = choices

    def fact_kinds(self, *chosen: str) -> list[tuple[str, str]]:
        """Choices of fact kinds, including those chosen already."""
        known = dict(self.choices.fact_kinds)
        more = [(kind, facts.label_of(kind)) for kind in chosen if kind not in known]
        return [*more, *known.items()]


def list_forms() -> list[type[ClauseForm]]:
    """The forms that the menu offers, in its order."""
    offered = (form for form in FORMS.values() if form.is_offered)
    return sorted(offered, key=lambda form: form.order)


def open_form(choices: Choices, clause: Any) -> ClauseForm:
    """The form of an existing clause; one that keeps it if its own cannot hold it."""
    clause = normalise(clause)
    name = next(iter(clause)) if isinstance(clause, dict) and clause else ""
    form = FORMS.get(name)
    if form is not None and len(clause) == 1 and form.is_offered:
        try:
            # Only a form that gives back exactly this clause may edit it.
            data = to_post_data(form.to_shown_fields(clause[name], choices))
            trial = form(choices, data, clause[name])
            if trial.is_valid() and trial.clause == clause:
                return form(choices, args=clause[name])
        except (AttributeError, KeyError, TypeError, ValueError, StopIteration):
            pass
    return FORMS["kept"](choices, args=clause)


def to_post_data(initial: dict[str, Any]) -> MultiValueDict[str, Any]:
    """What a browser sends for a form with these initial values."""
    values = {key: value for key, value in initial.items() if value not in (None, "")}
    return MultiValueDict(
        {
            f"{PREFIX}-{key}": value if isinstance(value, list) else [str(value)]
            for key, value in values.items()
        }
    )


LIST_FIELDS = ("any", "all", "none", "frozen", "in", "where")


def normalise(clause: Any) -> Any:
    """The same clause in the one way in which the forms write it.

    It has lists of one where the rule has a single string, and hours as times.
    """
    if not isinstance(clause, dict) or not all(
        isinstance(args, dict) for args in clause.values()
    ):
        return clause
    return {name: _normalise_args(args) for name, args in clause.items()}


def _normalise_args(args: dict[str, Any]) -> dict[str, Any]:
    args = _with_lists(args, LIST_FIELDS)
    steps = args.get("steps")
    if isinstance(steps, list) and all(isinstance(step, dict) for step in steps):
        args["steps"] = [_normalise_args(step) for step in steps]
    for name in ("of", "per"):
        if isinstance(args.get(name), dict):
            args[name] = _normalise_args(args[name])
    for name in ("weekdays", "r", "f", "m"):
        if isinstance(args.get(name), list):
            args[name] = sorted(set(args[name]), key=str)
    anniversary = args.get("anniversary")
    if isinstance(anniversary, dict) and set(anniversary) == {"within"}:
        args["anniversary"] = {"next": anniversary["within"]}
    hours = args.get("hours")
    if isinstance(hours, list) and len(hours) == 2:
        args["hours"] = [
            hour.rjust(5, "0") if isinstance(hour, str) else hour
            for hour in (f"{h:02}:00" if type(h) is int else h for h in hours)
        ]
        # Fields for times of day end at 23:59; a span may end at midnight nevertheless.
        if args["hours"][1] == "24:00" and args["hours"][0] != "00:00":
            args["hours"][1] = "00:00"
    return args


def _with_lists(args: dict[str, Any], list_fields: Iterable[str]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in args.items():
        if name == "where" and isinstance(value, dict):
            result[name] = _with_lists(value, value)
        elif name in list_fields and isinstance(value, str):
            result[name] = [value]
        else:
            result[name] = value
    return result
