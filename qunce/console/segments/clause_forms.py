"""A small form for each kind of clause: from the rule to fields and back.

`fill` and `write` undo each other for what the fields can hold. What they cannot hold is
edited as JSON, so that no rule made elsewhere is cut short by looking at it.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.forms.utils import ErrorDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.console.segments import form_fields, rule_editing
from qunce.console.segments.choices import Desk
from qunce.console.segments.form_fields import Lacking, PickField, WindowForm, need
from qunce.core.facts import facts
from qunce.sets import audiences
from qunce.sets.rules.base import RuleError

PREFIX = "c"
_forms: dict[str, type[ClauseForm]] = {}


class ClauseForm(forms.Form):
    """`clause` is what the fields say, once they are valid."""

    name: ClassVar[str]
    words: ClassVar[StrOrPromise]
    """How the menu calls it."""
    icon: ClassVar[str]
    hint: ClassVar[StrOrPromise] = ""
    more: ClassVar[tuple[str, ...]] = ()
    """Fields that are seldom needed, behind a fold."""
    first: ClassVar[str] = ""
    """The field that is typed into first; the uppermost if not given."""
    do_not_call_in_templates: ClassVar[bool] = True
    clause: Any = None
    use_required_attribute = False

    def __init__(self, desk: Desk, data: Any = None, args: Any = None) -> None:
        initial = None if args is None else self.fill(args)
        super().__init__(data, initial=initial, prefix=PREFIX)
        self.desk = desk
        self.offer()
        if not self.is_bound:
            name = self.first or next(iter(self.fields))
            self.fields[name].widget.attrs["autofocus"] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" in cls.__dict__:
            _forms[cls.name] = cls

    def offer(self) -> None:
        """Set the choices of fields from the community."""

    @classmethod
    @abstractmethod
    def fill(cls, args: Any) -> dict[str, Any]:
        """What the fields begin with, from the JSON behind the clause's name."""

    @abstractmethod
    def write(self, cleaned: dict[str, Any]) -> Any:
        """The JSON behind the name, from what the fields say."""

    def clean(self) -> None:
        if self.errors:
            return
        try:
            self.clause = self.named(self.write(self.cleaned_data))
        except Lacking as lacking:
            self.add_error(lacking.field, lacking.message)

    def named(self, written: Any) -> Any:
        return {self.name: written}

    def understood(self) -> bool:
        """Whether the clause stands, with every name in it known."""
        if not self.is_valid():
            return False
        try:
            audiences.check(community=self.desk.community, rule=self.clause)
        except RuleError as error:
            self.add_error(None, error.message)
            return False
        return True

    @property
    def is_more_used(self) -> bool:
        return any(
            self[field].value() not in (None, "", [], "is") for field in self.more
        )

    def hush(self) -> None:
        """As it was typed, without saying yet what is missing."""
        self._errors = ErrorDict()

    def pick(self, field: str, what: str) -> None:
        self.fields[field].widget = self.desk.picker(what)

    def choose(self, field: str, choices: Any) -> None:
        found = self.fields[field]
        if isinstance(found, forms.ChoiceField):
            found.choices = choices

    def kinds(self, *given: str) -> list[tuple[str, str]]:
        """What can be chosen as done, with what is chosen already."""
        known = dict(self.desk.kinds)
        more = [(kind, facts.label_of(kind)) for kind in given if kind not in known]
        return [*more, *known.items()]


def kinds() -> dict[str, type[ClauseForm]]:
    return dict(_forms)


def posted(name: str, initial: dict[str, Any]) -> MultiValueDict[str, Any]:
    """What a browser would send for a form filled like this."""
    shown = {key: value for key, value in initial.items() if value not in (None, "")}
    return MultiValueDict(
        {
            f"{PREFIX}-{key}": value if isinstance(value, list) else [str(value)]
            for key, value in shown.items()
        }
    )


def open_form(desk: Desk, clause: Any) -> ClauseForm:
    """The form of a clause that is there; that of JSON where its own cannot hold it."""
    clause = listed(clause)
    name = next(iter(clause)) if isinstance(clause, dict) and clause else ""
    form = _forms.get(name)
    if form is not None and len(clause) == 1 and form is not JsonForm:
        try:
            tried = form(desk, posted(name, form.fill(clause[name])), clause[name])
            if tried.is_valid() and tried.clause == clause:
                return form(desk, args=clause[name])
        except (AttributeError, KeyError, TypeError, ValueError, StopIteration):
            pass
    return JsonForm(desk, args=clause)


LISTED = ("any", "all", "none", "frozen", "in", "where")


def listed(clause: Any) -> Any:
    """The same clause with lists of one where one text stands for them."""
    if not isinstance(clause, dict) or not all(
        isinstance(args, dict) for args in clause.values()
    ):
        return clause
    return {name: _listed(args, LISTED) for name, args in clause.items()}


def _listed(args: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in args.items():
        if name == "where" and isinstance(value, dict):
            found[name] = _listed(value, value)
        else:
            found[name] = [value] if name in names and isinstance(value, str) else value
    return found


class JsonForm(ClauseForm):
    """Any part of a rule as JSON, for what no form can hold."""

    name = "json"
    words = gettext_lazy("Written as JSON")
    icon = "code-bracket"
    hint = gettext_lazy(
        "For conditions that the forms cannot express. The syntax is the "
        "same as in the API."
    )
    text = forms.CharField(
        label=gettext_lazy("Rule as JSON"),
        max_length=200_000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )

    @classmethod
    def fill(cls, args: Any) -> dict[str, Any]:
        return {"text": json.dumps(args, ensure_ascii=False, indent=2)}

    def write(self, cleaned: dict[str, Any]) -> Any:
        try:
            return rule_editing.given(cleaned["text"])
        except RuleError as error:
            raise Lacking("text", error.message) from None

    def named(self, written: Any) -> Any:
        return written


HOW_MARKED: form_fields.Choices = (
    ("any", gettext_lazy("any of them")),
    ("all", gettext_lazy("all of them")),
    ("none", gettext_lazy("none of them")),
)


class TagForm(ClauseForm):
    name = "tag"
    words = gettext_lazy("Tag")
    icon = "tag"
    first = "tags"
    how = forms.ChoiceField(
        label=gettext_lazy("Has"),
        choices=[*HOW_MARKED, ("untagged", gettext_lazy("no tag"))],
    )
    tags = PickField(label=gettext_lazy("Tags"), required=False)
    group = forms.ChoiceField(label=gettext_lazy("Tag group"), required=False)
    sign = forms.ChoiceField(
        label=gettext_lazy("Tag depth"),
        choices=[("", gettext_lazy("any depth")), *form_fields.SIGNS],
        required=False,
    )
    number = forms.IntegerField(label=gettext_lazy("Times"), required=False)
    most = forms.IntegerField(label=gettext_lazy("Maximum"), required=False)

    def offer(self) -> None:
        self.pick("tags", "tag")
        whole = ("", _("all tag groups"))
        self.choose("group", [whole, *self.desk.tag_groups])

    @classmethod
    def fill(cls, args: Any) -> dict[str, Any]:
        if "untagged" in args:
            group = "" if args["untagged"] is True else args["untagged"]
            return {"how": "untagged", "group": group}
        how = next(word for word, _said in HOW_MARKED if word in args)
        depth = form_fields.compared_fill(args["depth"]) if "depth" in args else {}
        return {"how": how, "tags": args[how], **depth}

    def write(self, cleaned: dict[str, Any]) -> Any:
        if cleaned["how"] == "untagged":
            return {"untagged": cleaned["group"] or True}
        found = {cleaned["how"]: need(cleaned, "tags")}
        if cleaned["sign"]:
            found["depth"] = form_fields.compared_args(cleaned)
        return found


class GroupForm(ClauseForm):
    name = "group"
    words = gettext_lazy("Group")
    icon = "chat-bubble-left-right"
    first = "groups"
    how = forms.ChoiceField(label=gettext_lazy("Is now in"), choices=HOW_MARKED)
    groups = PickField(label=gettext_lazy("Groups"), required=False)

    def offer(self) -> None:
        self.pick("groups", "group")

    @classmethod
    def fill(cls, args: Any) -> dict[str, Any]:
        ((how, keys),) = args.items()
        return {"how": how, "groups": keys}

    def write(self, cleaned: dict[str, Any]) -> Any:
        return {cleaned["how"]: need(cleaned, "groups")}


class SegmentForm(ClauseForm):
    name = "segment"
    words = gettext_lazy("Segment")
    icon = "user-group"
    first = "segments"
    how = forms.ChoiceField(
        label=gettext_lazy("Is in"),
        choices=[*HOW_MARKED, ("frozen", gettext_lazy("a frozen segment"))],
    )
    segments = PickField(label=gettext_lazy("Segments"), required=False)
    lists = PickField(label=gettext_lazy("Frozen segments"), required=False)

    def offer(self) -> None:
        self.pick("segments", "segment")
        self.pick("lists", "frozen")

    @classmethod
    def fill(cls, args: Any) -> dict[str, Any]:
        ((how, keys),) = args.items()
        return {"how": how, ("lists" if how == "frozen" else "segments"): keys}

    def write(self, cleaned: dict[str, Any]) -> Any:
        field = "lists" if cleaned["how"] == "frozen" else "segments"
        return {cleaned["how"]: need(cleaned, field)}


class LayerForm(ClauseForm):
    name = "layer"
    words = gettext_lazy("Layer")
    icon = "square-3-stack-3d"
    first = "layers"
    layers = PickField(label=gettext_lazy("Is in one of these layers"), required=False)

    def offer(self) -> None:
        self.pick("layers", "layer")

    @classmethod
    def fill(cls, args: Any) -> dict[str, Any]:
        return {"layers": [f"{args['of']}/{key}" for key in args["in"]]}

    def write(self, cleaned: dict[str, Any]) -> Any:
        pairs = [self._pair(each) for each in need(cleaned, "layers")]
        if len({of for of, _key in pairs}) > 1:
            raise Lacking("layers", _("Choose layers from a single layering."))
        return {"of": pairs[0][0], "in": [key for _of, key in pairs]}

    def _pair(self, wanted: str) -> tuple[str, str]:
        """Layering and layer; a layering's own key may hold a stroke too."""
        for layering in self.desk.layerings:
            if wanted.startswith(f"{layering.key}/"):
                return layering.key, wanted.removeprefix(f"{layering.key}/")
        of, _stroke, key = wanted.partition("/")
        return of, key


class _TimedForm(ClauseForm, WindowForm):
    """A clause that is nothing but a span of time."""

    @classmethod
    def fill(cls, args: Any) -> dict[str, Any]:
        return form_fields.window_fill(args)

    def write(self, cleaned: dict[str, Any]) -> Any:
        return form_fields.window_args(cleaned)


class JoinedForm(_TimedForm):
    name = "joined"
    words = gettext_lazy("Joined")
    icon = "arrow-right-end-on-rectangle"


class LeftForm(_TimedForm):
    name = "left"
    words = gettext_lazy("Left")
    icon = "arrow-left-start-on-rectangle"
    hint = gettext_lazy(
        "Rules leave out former members by default. To include them, choose "
        "“Including former members” for this line."
    )


class SourceForm(ClauseForm):
    name = "source"
    words = gettext_lazy("Source")
    icon = "qr-code"
    sources = PickField(label=gettext_lazy("Sources"), required=False)

    def offer(self) -> None:
        self.pick("sources", "source")

    @classmethod
    def fill(cls, args: Any) -> dict[str, Any]:
        return {"sources": args["any"]}

    def write(self, cleaned: dict[str, Any]) -> Any:
        return {"any": need(cleaned, "sources")}


class OptedOutForm(ClauseForm):
    name = "opted_out"
    words = gettext_lazy("Opted out")
    icon = "bell-slash"
    of = forms.ChoiceField(
        label=gettext_lazy("Opted out of"),
        choices=[("messages", gettext_lazy("messages"))],
    )

    @classmethod
    def fill(cls, args: Any) -> dict[str, Any]:
        return {"of": args["of"]}

    def write(self, cleaned: dict[str, Any]) -> Any:
        return {"of": cleaned["of"]}


class MembersForm(ClauseForm):
    name = "members"
    words = gettext_lazy("Individual members")
    icon = "list-bullet"
    keys = forms.CharField(
        label=gettext_lazy("Member keys, one per line"),
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        error_messages={"required": gettext_lazy("Fill in this field.")},
    )

    @classmethod
    def fill(cls, args: Any) -> dict[str, Any]:
        return {"keys": "\n".join(args["keys"])}

    def write(self, cleaned: dict[str, Any]) -> Any:
        lines = [line.strip() for line in cleaned["keys"].splitlines()]
        return {"keys": [line for line in lines if line]}
