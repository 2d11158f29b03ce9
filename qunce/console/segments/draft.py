"""A rule while it is being edited: all of its state travels in the form of the page.

So nothing is kept on the server, two windows do not meet, and it works without script.
What is done is the name of a button: `remove:all[1]`, `wrap:all[0]:any`, `done`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.console.segments import clause_forms, rule_editing
from qunce.console.segments.clause_forms import ClauseForm
from qunce.core import errors
from qunce.sets.rules.base import RuleError

if TYPE_CHECKING:
    from qunce.console.segments.choices import Desk

STEPS_BACK = 20
LARGEST = 300_000
"""Characters of the steps back that travel along."""
NEW = "+"


@dataclass(frozen=True)
class Draft:
    """`open` is the place of the clause in work; `+place:kind` is a new one in a group.
    `at` is the line to go back to with the keyboard, `why` a person who is looked at."""

    rule: Any
    past: tuple[Any, ...] = ()
    open: str = ""
    at: str = ""
    why: int | None = None
    form: ClauseForm | None = None
    trouble: str = ""

    @property
    def rule_text(self) -> str:
        return written(self.rule)

    @property
    def past_text(self) -> str:
        return written(list(self.past))

    @property
    def is_new(self) -> bool:
        return self.open.startswith(NEW)

    @property
    def opened_in(self) -> str:
        """The group in which a new clause is being made."""
        return self.open[1:].rpartition(":")[0] if self.is_new else ""


def written(rule: Any) -> str:
    return json.dumps(rule, ensure_ascii=False, separators=(",", ":"))


def begin(rule: Any) -> Draft:
    return Draft(rule_editing.normal(rule))


def read(data: Mapping[str, Any], desk: Desk) -> Draft:
    """The draft that a page sent, with the form of its open clause as it was typed."""
    rule = rule_editing.normal(rule_editing.given(data.get("rule") or '{"all": []}'))
    past = rule_editing.given(data.get("past") or "[]")
    why = str(data.get("why") or "")
    draft = Draft(
        rule,
        tuple(past if isinstance(past, list) else ())[-STEPS_BACK:],
        str(data.get("open") or ""),
        why=int(why) if why.isdecimal() and len(why) < 19 else None,
    )
    return replace(draft, form=_form(draft, desk, data)) if draft.open else draft


def _form(
    draft: Draft, desk: Desk, data: Mapping[str, Any] | None
) -> ClauseForm | None:
    """The form of the open clause: filled from the rule, or with what was typed."""
    if draft.is_new:
        kind = draft.open.rpartition(":")[2]
        if kind not in clause_forms.kinds():
            raise errors.Invalid(_("There is no such clause."))
        return clause_forms.kinds()[kind](desk, data)
    here = rule_editing.part(draft.rule, rule_editing.read(draft.open))
    form = clause_forms.open_form(desk, here)
    return form if data is None else type(form)(desk, data)


# What is done


def do(draft: Draft, action: str, desk: Desk) -> Draft:
    """The draft after a button; what cannot be done says so and keeps everything."""
    name, _colon, rest = action.partition(":")
    try:
        if name in LEAVING:
            return LEAVING[name](draft, rest, desk)
        draft = settle(draft)
        return draft if draft.open else ACTIONS[name](draft, rest, desk)
    except (rule_editing.NoSuchPart, RuleError) as error:
        return replace(draft, trouble=str(error))
    except KeyError:
        return draft


def settle(draft: Draft) -> Draft:
    """The clause in work goes into the rule; one that is not complete stays open."""
    if draft.form is None:
        return replace(draft, open="")
    if not draft.form.understood():
        return draft
    rule, at = applied(draft)
    return replace(_after(draft, rule, at), open="", form=None)


def applied(draft: Draft) -> tuple[Any, str]:
    """The rule with the clause in work, which is valid, and where it stands."""
    clause = draft.form.clause if draft.form else None
    if clause is None:
        return draft.rule, draft.at
    if not draft.is_new:
        path = rule_editing.read(draft.open)
        return rule_editing.put(draft.rule, path, clause), _line_of(path)
    group = rule_editing.read(draft.opened_in)
    rule = rule_editing.add(draft.rule, group, clause)
    name = rule_editing.kind(rule_editing.part(rule, group))
    place = len(rule_editing.part(rule, (*group, name))) - 1
    return rule, rule_editing.write((*group, name, place))


def _line_of(path: rule_editing.Path) -> str:
    return rule_editing.write(path[:-1] if path and path[-1] == "not" else path)


def _after(draft: Draft, rule: Any, at: str = "") -> Draft:
    """Another rule, and the way back to the one before."""
    if rule == draft.rule:
        return replace(draft, at=at)
    past = (*draft.past, draft.rule)[-STEPS_BACK:]
    while past and len(written(list(past))) > LARGEST:
        past = past[1:]
    return replace(draft, rule=rule, past=past, at=at)


def _open(draft: Draft, place: str, desk: Desk) -> Draft:
    path = rule_editing.clause(draft.rule, rule_editing.read(place))
    opened = replace(draft, open=rule_editing.write(path), at=place)
    return replace(opened, form=_form(opened, desk, None))


def _add(draft: Draft, rest: str, desk: Desk) -> Draft:
    opened = replace(draft, open=f"{NEW}{rest}")
    rule_editing.add(draft.rule, rule_editing.read(opened.opened_in), {})
    return replace(opened, form=_form(opened, desk, None))


def _remove(draft: Draft, place: str, desk: Desk) -> Draft:
    path = rule_editing.read(place)
    rule = rule_editing.remove(draft.rule, path)
    return _after(draft, rule, _neighbour(rule, path))


def _neighbour(rule: Any, path: rule_editing.Path) -> str:
    """The line nearest to one that went."""
    while path:
        try:
            rule_editing.part(rule, path)
        except rule_editing.NoSuchPart:
            *above, last = path
            path = (*above, last - 1) if isinstance(last, int) and last else (*above,)
            continue
        if isinstance(path[-1], int):
            return rule_editing.write(path)
        path = path[:-1]
    return ""


def _negate(draft: Draft, place: str, desk: Desk) -> Draft:
    return _after(
        draft, rule_editing.negate(draft.rule, rule_editing.read(place)), place
    )


def _move(by: int) -> Action:
    def move(draft: Draft, place: str, desk: Desk) -> Draft:
        rule, there = rule_editing.move(draft.rule, rule_editing.read(place), by)
        return _after(draft, rule, rule_editing.write(there))

    return move


def _wrap(draft: Draft, rest: str, desk: Desk) -> Draft:
    """A group around the line; with an alternative, that is asked for at once."""
    place, _colon, name = rest.rpartition(":")
    path = rule_editing.clause(draft.rule, rule_editing.read(place))
    return _after(draft, rule_editing.wrap(draft.rule, path, name), place)


def _turn(draft: Draft, place: str, desk: Desk) -> Draft:
    path = rule_editing.clause(draft.rule, rule_editing.read(place))
    return _after(draft, rule_editing.turn(draft.rule, path), place)


def _unwrap(draft: Draft, place: str, desk: Desk) -> Draft:
    """Here alone again: without the `with_left` around it."""
    path = rule_editing.clause(draft.rule, rule_editing.read(place))
    inner = rule_editing.part(draft.rule, (*path, "with_left"))
    return _after(draft, rule_editing.put(draft.rule, path, inner), place)


def _stay(draft: Draft, rest: str, desk: Desk) -> Draft:
    return draft


def _look(draft: Draft, rest: str, desk: Desk) -> Draft:
    """Other fields for what is chosen now, such as another attribute."""
    if draft.form is not None:
        draft.form.hush()
    return draft


def _undo(draft: Draft, rest: str, desk: Desk) -> Draft:
    if not draft.past:
        return draft
    *past, rule = draft.past
    return replace(draft, rule=rule, past=tuple(past), open="", form=None, at="")


def _cancel(draft: Draft, rest: str, desk: Desk) -> Draft:
    at = draft.at
    if not draft.is_new and draft.open:
        at = _line_of(rule_editing.read(draft.open))
    return replace(draft, open="", form=None, at=at)


def _why(draft: Draft, rest: str, desk: Desk) -> Draft:
    return replace(draft, why=int(rest) if rest.isdecimal() else None)


Action = Callable[[Draft, str, "Desk"], Draft]
ACTIONS: dict[str, Action] = {
    "done": _stay,
    "open": _open,
    "add": _add,
    "remove": _remove,
    "not": _negate,
    "up": _move(-1),
    "down": _move(1),
    "wrap": _wrap,
    "turn": _turn,
    "unwrap": _unwrap,
}
LEAVING: dict[str, Action] = {
    "undo": _undo,
    "cancel": _cancel,
    "why": _why,
    "look": _look,
}
"""What is done without settling the clause in work."""
