"""A rule while it is being edited. Its whole state is in the form of the page.

So the server stores nothing, two windows do not interfere, and no JavaScript is needed.
A button submits its action as `do`, such as `remove:all[1]`, `wrap:all[0]:any`, `done`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.console.segments import rule_editing, sentence_line
from qunce.console.segments.clause_forms import base as clause_forms
from qunce.console.segments.clause_forms.base import ClauseForm
from qunce.core import errors
from qunce.members.rule_text import free_sentences
from qunce.sets.rules.base import RuleError

if TYPE_CHECKING:
    from qunce.console.segments.builder_choices import Choices
    from qunce.console.segments.sentence_line import SentenceLine

MAX_UNDO_STEPS = 20
MAX_UNDO_LENGTH = 300_000
"""Characters of the undo steps as JSON."""
NEW = "+"


@dataclass(frozen=True)
class Draft:
    """`open` is the path of the clause whose form is open; `+path:name` is a new clause
    in a group. `person` is the member whose matches are shown."""

    rule: Any
    past: tuple[Any, ...] = ()
    """The rules before the last steps, for undo."""
    open: str = ""
    focus: str = ""
    """The path of the line that gets the focus; `+path` adds to a group."""
    selected: tuple[str, ...] = ()
    """The paths of the lines whose boxes are checked."""
    person: int | None = None
    form: ClauseForm | None = None
    error: str = ""
    sentence: str = ""
    """What is written in the line above the rule, until it is taken over."""
    sentence_line: SentenceLine | None = None
    """What is understood of it."""

    @property
    def rule_text(self) -> str:
        return dump(self.rule)

    @property
    def past_text(self) -> str:
        return dump(list(self.past))

    @property
    def is_new(self) -> bool:
        return self.open.startswith(NEW)

    @property
    def open_group(self) -> str:
        """The path of the group that a new clause is being added to."""
        return self.open[1:].rpartition(":")[0] if self.is_new else ""


def dump(rule: Any) -> str:
    return json.dumps(rule, ensure_ascii=False, separators=(",", ":"))


def start(rule: Any) -> Draft:
    return Draft(rule_editing.normalise(rule))


def load(data: Mapping[str, Any], choices: Choices) -> Draft:
    """The draft in submitted data, with the open form as it was filled in."""
    text = data.get("rule") or '{"all": []}'
    past = rule_editing.parse_json(data.get("past") or "[]")
    draft = Draft(
        rule_editing.normalise(rule_editing.parse_json(text)),
        tuple(past if isinstance(past, list) else ())[-MAX_UNDO_STEPS:],
        str(data.get("open") or ""),
        selected=tuple(data.getlist("selected")) if hasattr(data, "getlist") else (),
        person=parse_person(str(data.get("why") or "")),
        sentence=str(data.get("sentence") or "")[: 2 * free_sentences.MAX_LENGTH],
    )
    return replace(draft, form=_form(draft, choices, data)) if draft.open else draft


def parse_person(text: str) -> int | None:
    """An account id from the outside; None if it is not one."""
    return int(text) if text.isdecimal() and len(text) < 19 else None


def _form(
    draft: Draft, choices: Choices, data: Mapping[str, Any] | None
) -> ClauseForm | None:
    """The form of the open clause, filled from the rule, or from submitted data."""
    if draft.is_new:
        name = draft.open.rpartition(":")[2]
        if name not in clause_forms.FORMS:
            raise errors.Invalid(_("There is no such clause."))
        return clause_forms.FORMS[name](choices, data)
    part = rule_editing.get_part(draft.rule, rule_editing.parse_path(draft.open))
    form = clause_forms.open_form(choices, part)
    return form if data is None else type(form)(choices, data)


def apply_action(draft: Draft, action: str, choices: Choices) -> Draft:
    """The draft after a button; if that is not possible, the same draft with an error."""
    edited = _apply(draft, action, choices)
    if not edited.sentence:
        return edited
    line = sentence_line.read(edited.sentence, choices)
    return replace(edited, sentence_line=line)


def _apply(draft: Draft, action: str, choices: Choices) -> Draft:
    name, _colon, argument = action.partition(":")
    try:
        if name in ACTIONS_KEEPING_FORM:
            return ACTIONS_KEEPING_FORM[name](draft, argument, choices)
        draft = close_form(draft)
        return draft if draft.open else ACTIONS[name](draft, argument, choices)
    except RuleError as error:
        return replace(draft, error=error.message)
    except rule_editing.PartNotFound as error:
        return replace(draft, error=str(error))
    except KeyError:
        # No button of ours has this action.
        return draft


def close_form(draft: Draft) -> Draft:
    """Put the clause of the open form into the rule; an incomplete form stays open."""
    if draft.form is None:
        return replace(draft, open="")
    if not draft.form.is_complete():
        return draft
    rule, line = with_form_clause(draft)
    # The paths of the lines stay, so that what is selected stays, too.
    return replace(
        _with_rule(draft, rule, line), open="", form=None, selected=draft.selected
    )


def with_form_clause(draft: Draft) -> tuple[Any, str]:
    """The rule with the clause of the open form, which is valid, and the line's path."""
    clause = draft.form.clause if draft.form else None
    if clause is None:
        return draft.rule, draft.focus
    if not draft.is_new:
        path = rule_editing.parse_path(draft.open)
        return rule_editing.replace(draft.rule, path, clause), _line_path(path)
    group = rule_editing.parse_path(draft.open_group)
    rule = rule_editing.append(draft.rule, group, clause)
    name = rule_editing.name_of(rule_editing.get_part(rule, group))
    index = len(rule_editing.get_part(rule, (*group, name))) - 1
    return rule, rule_editing.format_path((*group, name, index))


def _line_path(path: rule_editing.Path) -> str:
    """The path of the line that a clause is on: that of its `not`, if it has one."""
    return rule_editing.format_path(path[:-1] if path and path[-1] == "not" else path)


def _with_rule(draft: Draft, rule: Any, focus: str = "") -> Draft:
    """The draft with another rule, and an undo step back to the one before.

    Nothing stays selected: the paths of the selected lines may be those of others now.
    """
    if rule == draft.rule:
        return replace(draft, focus=focus)
    # The steps are submitted with every action, so that they may not grow for ever.
    past = (*draft.past, draft.rule)[-MAX_UNDO_STEPS:]
    while past and len(dump(list(past))) > MAX_UNDO_LENGTH:
        past = past[1:]
    return replace(draft, rule=rule, past=past, focus=focus, selected=())


# Actions

Action = Callable[[Draft, str, "Choices"], Draft]


def open_clause(draft: Draft, line: str, choices: Choices) -> Draft:
    path = rule_editing.clause_path(draft.rule, rule_editing.parse_path(line))
    opened = replace(draft, open=rule_editing.format_path(path), focus=line)
    return replace(opened, form=_form(opened, choices, None))


def add_clause(draft: Draft, argument: str, choices: Choices) -> Draft:
    opened = replace(draft, open=f"{NEW}{argument}")
    # Fails if there is no such group.
    rule_editing.append(draft.rule, rule_editing.parse_path(opened.open_group), {})
    return replace(opened, form=_form(opened, choices, None))


def remove_line(draft: Draft, line: str, choices: Choices) -> Draft:
    path = rule_editing.parse_path(line)
    rule = rule_editing.remove(draft.rule, path)
    return _with_rule(draft, rule, _nearest_line(rule, path))


def _nearest_line(rule: Any, path: rule_editing.Path) -> str:
    """The path of the line nearest to one that was removed."""
    # Up the path, and there to the line before, until a line is found.
    while path:
        try:
            rule_editing.get_part(rule, path)
        except rule_editing.PartNotFound:
            *above, last = path
            path = (*above, last - 1) if isinstance(last, int) and last else (*above,)
            continue
        if isinstance(path[-1], int):
            return rule_editing.format_path(path)
        path = path[:-1]
    return ""


def toggle_not(draft: Draft, line: str, choices: Choices) -> Draft:
    rule = rule_editing.toggle_not(draft.rule, rule_editing.parse_path(line))
    return _with_rule(draft, rule, line)


def _step(offset: int) -> Action:
    def step(draft: Draft, line: str, choices: Choices) -> Draft:
        path = rule_editing.parse_path(line)
        rule, moved = rule_editing.step(draft.rule, path, offset)
        return _with_rule(draft, rule, rule_editing.format_path(moved))

    return step


def drop_line(draft: Draft, argument: str, choices: Choices) -> Draft:
    """Move a line before, after or into another one: `all[0]:before:all[3]`."""
    line, _colon, rest = argument.partition(":")
    side, _colon, target = rest.partition(":")
    path, place = rule_editing.parse_path(line), rule_editing.parse_path(target)
    if side == "into":
        group = rule_editing.clause_path(draft.rule, place)
        index = rule_editing.MAX_LENGTH
    elif place and isinstance(place[-1], int):
        group, index = place[:-2], place[-1] + (side == "after")
    else:
        raise rule_editing.PartNotFound(target[:80])
    rule, moved = rule_editing.move(draft.rule, path, group, index)
    return _with_rule(draft, rule, rule_editing.format_path(moved))


def group_lines(draft: Draft, name: str, choices: Choices) -> Draft:
    """Put the selected lines, which are of one group, into a group of their own."""
    paths = [rule_editing.parse_path(line) for line in draft.selected]
    rule, line = rule_editing.wrap_lines(draft.rule, paths, name)
    return _with_rule(draft, rule, rule_editing.format_path(line))


def remove_selected(draft: Draft, argument: str, choices: Choices) -> Draft:
    rule = draft.rule
    # From the last to the first, so that the paths of those before stay right.
    for path in sorted(map(rule_editing.parse_path, draft.selected), reverse=True):
        try:
            rule = rule_editing.remove(rule, path)
        except rule_editing.PartNotFound:
            continue  # it was inside another one, which is gone
    return _with_rule(draft, rule)


def wrap_line(draft: Draft, argument: str, choices: Choices) -> Draft:
    line, _colon, name = argument.rpartition(":")
    path = rule_editing.parse_path(line)
    if name == "with_left":
        # Inside a `not`: it excludes former members, too, and includes nobody else.
        inner = rule_editing.clause_path(draft.rule, path)
        return _with_rule(draft, rule_editing.wrap(draft.rule, inner, name), line)
    rule, line_path = rule_editing.wrap_lines(draft.rule, [path], name)
    return _with_rule(draft, rule, rule_editing.format_path(line_path))


def change_group(draft: Draft, argument: str, choices: Choices) -> Draft:
    line, _colon, name = argument.rpartition(":")
    path = rule_editing.parse_path(line)
    return _with_rule(
        draft, rule_editing.change_group(draft.rule, path, name), line or "all[0]"
    )


NEXT_KIND = {"all": "any", "any": rule_editing.NONE, rule_editing.NONE: "all"}


def turn_group(draft: Draft, line: str, choices: Choices) -> Draft:
    """Change a group from all to any, from any to none, from none to all."""
    path = rule_editing.parse_path(line)
    inner = rule_editing.clause_path(draft.rule, path)
    name = rule_editing.name_of(rule_editing.get_part(draft.rule, inner))
    if inner != path:
        # Not all of the lines is what no other word says; it begins with all again.
        name = rule_editing.NONE
    rule = rule_editing.change_group(draft.rule, path, NEXT_KIND.get(name, ""))
    return _with_rule(draft, rule, line)


def unwrap_line(draft: Draft, line: str, choices: Choices) -> Draft:
    """Take a group away and leave its lines."""
    path = rule_editing.parse_path(line)
    return _with_rule(draft, rule_editing.unwrap(draft.rule, path), line)


def split_clause(draft: Draft, argument: str, choices: Choices) -> Draft:
    """Write the open clause, which no form can hold, as several lines."""
    path = rule_editing.parse_path(draft.open)
    clause = rule_editing.get_part(draft.rule, path)
    parts = rule_editing.split(clause)
    if len(parts) < 2:
        return draft
    rule = rule_editing.replace(draft.rule, path, {"all": parts})
    line = rule_editing.parse_path(_line_path(path))
    if line == path and line[:-2] == () and line:
        rule = rule_editing.unwrap(rule, line)
    closed = replace(draft, open="", form=None)
    return _with_rule(closed, rule, rule_editing.format_path(line))


def done(draft: Draft, argument: str, choices: Choices) -> Draft:
    return draft


def refresh_form(draft: Draft, argument: str, choices: Choices) -> Draft:
    """Show the fields for what is chosen now, such as another attribute."""
    if draft.form is not None:
        draft.form.clear_errors()
    return draft


def undo(draft: Draft, argument: str, choices: Choices) -> Draft:
    if not draft.past:
        return draft
    *past, rule = draft.past
    return replace(
        draft,
        rule=rule,
        past=tuple(past),
        open="",
        form=None,
        focus="",
        selected=(),
    )


def cancel_form(draft: Draft, argument: str, choices: Choices) -> Draft:
    focus = f"{NEW}{draft.open_group}"
    if not draft.is_new and draft.open:
        focus = _line_path(rule_editing.parse_path(draft.open))
    return replace(draft, open="", form=None, focus=focus)


def show_person(draft: Draft, person: str, choices: Choices) -> Draft:
    return replace(draft, person=int(person) if person.isdecimal() else None)


def take_over(draft: Draft, argument: str, choices: Choices) -> Draft:
    """The rule of the sentence, if all of it is understood, in the place of the rule."""
    line = sentence_line.read(draft.sentence, choices)
    if line is None or line.reading.rule is None:
        error = _("The sentence is not understood yet, so that the rule is as before.")
        return replace(draft, error=error)
    rule = rule_editing.normalise(line.reading.rule)
    closed = replace(draft, sentence="", open="", form=None)
    return _with_rule(closed, rule, "all[0]")


def choose_meaning(draft: Draft, argument: str, choices: Choices) -> Draft:
    text = sentence_line.choose(draft.sentence, argument, choices)
    return replace(draft, sentence=text)


ACTIONS: dict[str, Action] = {
    "done": done,
    "open": open_clause,
    "add": add_clause,
    "remove": remove_line,
    "remove-selected": remove_selected,
    "not": toggle_not,
    "up": _step(-1),
    "down": _step(1),
    "drop": drop_line,
    "group": group_lines,
    "wrap": wrap_line,
    "turn": turn_group,
    "kind": change_group,
    "unwrap": unwrap_line,
}
ACTIONS_KEEPING_FORM: dict[str, Action] = {
    "undo": undo,
    "cancel": cancel_form,
    "why": show_person,
    "look": refresh_form,
    "split": split_clause,
    "take-over": take_over,
    "choose": choose_meaning,
}
"""Actions that leave the clause of the open form as it is."""
