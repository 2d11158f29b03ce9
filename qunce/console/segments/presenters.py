"""What the page of a rule shows: its lines, how many each leaves, and a few people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse

from qunce.console.segments import clause_forms, rule_editing
from qunce.console.segments import draft as segment_draft
from qunce.console.segments.draft import Draft
from qunce.members.accounts import masking
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.members.rule_text import names as rule_names
from qunce.members.rule_text import sentences
from qunce.members.search import search
from qunce.sets import audiences
from qunce.sets.rules.base import RuleError

if TYPE_CHECKING:
    from qunce.console.segments.choices import Desk
    from qunce.console.segments.clause_forms import ClauseForm
    from qunce.core.staff.models import Staff
    from qunce.members.rule_text.sentences import Line
    from qunce.sets.audiences import Explanation
    from qunce.sets.funnels import Funnel, Step
    from qunce.sets.rules.phrasing import Names, Pieces

SAMPLE = 10
LONGEST_ADDRESS = 6_000
BAR = 72
"""Width of the bar beside a number, in units of its drawing."""


@dataclass(frozen=True)
class Row:
    """A line with its numbers; a row without a line is where one can be added."""

    path: str
    depth: int
    line: Line | None = None
    step: Step | None = None
    taken: int = 0
    bar: int = 0
    href: str = ""
    form: ClauseForm | None = None
    lit: bool | None = None
    because: Sequence[str] = ()
    trouble: str = ""
    focus: bool = False

    @property
    def slug(self) -> str:
        return re.sub(r"[^a-z0-9_]", "-", self.path)

    @property
    def helps(self) -> bool:
        """Whether it is as the rule wants it: behind a `not` it should not hold."""
        turned = str(self.path).count("not") % 2 == 1
        return bool(self.lit) != turned

    @property
    def is_adder(self) -> bool:
        return self.line is None and self.form is None


@dataclass(frozen=True)
class Person:
    """As much of somebody as a list of names needs."""

    head: int
    name: str
    key: str


@dataclass(frozen=True)
class Why:
    """One person, and what of the rule holds for them."""

    person: Person
    explanation: Explanation


@dataclass(frozen=True)
class Board:
    """`rule` is the draft's, with the clause in work if that is complete."""

    desk: Desk
    draft: Draft
    rule: Any
    funnel: Funnel | None
    trouble: str = ""
    where: str = ""
    why: Why | None = None
    found: Sequence[Person] = field(default_factory=list)

    @cached_property
    def names(self) -> Names:
        return rule_names.find(self.desk.community, self.draft.rule, self.rule)

    @cached_property
    def rows(self) -> list[Row]:
        return list(_rows(self, sentences.list_lines(self.draft.rule, self.names)))

    @cached_property
    def counted(self) -> list[Row]:
        """The lines that the page has, as the rule would be, for their numbers alone."""
        lines = sentences.list_lines(self.rule, self.names)
        there = {row.path for row in self.rows if not row.is_adder}
        return [_row(self, line) for line in lines if line.path in there]

    @property
    def said(self) -> Pieces:
        return sentences.describe(self.rule, self.names)

    @property
    def href(self) -> str:
        return people(self.rule)

    @property
    def everyone_href(self) -> str:
        return reverse("members:list")

    @cached_property
    def sample(self) -> list[Person]:
        heads = self.funnel.sample if self.funnel else ()
        return named(heads, self.desk.by)

    @property
    def kinds(self) -> list[type[ClauseForm]]:
        return [clause_forms.kinds()[name] for name in OFFERED]


OFFERED = (
    "tag",
    "did",
    "attr",
    "group",
    "layer",
    "segment",
    "joined",
    "source",
    "opted_out",
    "seq",
    "members",
    "left",
    "json",
)
"""In the order of the menu: what is asked most comes first."""


def of(draft: Draft, desk: Desk, words: str = "") -> Board:
    """`words` are what somebody looks for a person by, to ask why."""
    rule = draft.rule
    if draft.form is not None and draft.form.is_bound and draft.form.is_valid():
        tried = segment_draft.applied(draft)[0]
        if _trouble(tried, desk) is None:
            rule = tried
    trouble = _trouble(rule, desk)
    if trouble is not None:
        return Board(desk, draft, rule, None, trouble.message, trouble.path)
    funnel = audiences.funnel(
        community=desk.community, rule=rule, by=desk.by, at=desk.at, sample=SAMPLE
    )
    board = Board(desk, draft, rule, funnel, why=_why(draft, rule, desk))
    return replace(board, found=_found(words, desk)) if words else board


def _trouble(rule: Any, desk: Desk) -> RuleError | None:
    try:
        audiences.check(community=desk.community, rule=rule)
    except RuleError as error:
        return error
    return None


def _why(draft: Draft, rule: Any, desk: Desk) -> Why | None:
    if draft.why is None:
        return None
    account = visibility.get(by=desk.by, account=draft.why, at=desk.at)
    said = audiences.explain(
        community=desk.community, rule=rule, by=desk.by, at=desk.at, account=account.pk
    )
    (person,) = named([account.pk], desk.by)
    return Why(person, said)


def named(accounts: Sequence[int], by: Staff) -> list[Person]:
    """People whom the operator is known to see, by any account, in this order."""
    heads = (
        list(dict.fromkeys(account_queries.person_ids(accounts).values()))
        if accounts
        else []
    )
    families = account_queries.accounts_by_person(heads) if heads else {}
    every = [account for some in families.values() for account in some]
    rows = account_models.Account.objects.filter(pk__in=every)
    known = {pk: (name, key) for pk, name, key in rows.values_list("pk", "name", "key")}
    return [
        Person(
            head,
            next((known[one][0] for one in families[head] if known[one][0]), ""),
            masking.key(known[head][1], by),
        )
        for head in heads
    ]


def _found(words: str, desk: Desk) -> list[Person]:
    best = search.suggest(by=desk.by, query=words, at=desk.at, limit=6)
    return named(best, desk.by)


def people(rule: Any) -> str:
    """Where these people are listed; nothing where the rule is too long to be said."""
    text = segment_draft.written(rule)
    if len(text) > LONGEST_ADDRESS:
        return ""
    return f"{reverse('members:list')}?{urlencode({'rule': text})}"


# Rows


def _rows(board: Board, lines: Sequence[Line]) -> Iterator[Row]:
    """Lines in order; after the last of each group the place to add one."""
    groups: list[tuple[str, int]] = [("", -1)]
    for line in lines:
        if board.draft.open and line.path.startswith(f"{board.draft.open}."):
            continue  # the whole group is being written as JSON
        while line.depth <= groups[-1][1]:
            yield from _end(board, *groups.pop())
        yield _editable(board, line)
        if line.is_group and line.name in rule_editing.LISTS:
            groups.append((line.clause_path, line.depth))
    while groups:
        yield from _end(board, *groups.pop())


def _end(board: Board, group: str, depth: int) -> Iterator[Row]:
    draft = board.draft
    if draft.is_new and draft.opened_in == group:
        rule, path = draft.rule, rule_editing.read(group)
        several = rule_editing.part(rule, path)
        name = rule_editing.kind(several)
        here = rule_editing.write((*path, name, len(several[name])))
        yield Row(here, depth + 1, form=draft.form, focus=True)
    else:
        yield Row(group, depth + 1)


def _editable(board: Board, line: Line) -> Row:
    row, draft = _row(board, line), board.draft
    if draft.open and draft.open == line.clause_path:
        return replace(row, form=draft.form, focus=True)
    return replace(row, focus=draft.at == line.path and not draft.open)


def _row(board: Board, line: Line) -> Row:
    row = Row(line.path, line.depth, line)
    if board.where.startswith(line.clause_path) and not line.is_group:
        row = replace(row, trouble=board.trouble)
    step = board.funnel.steps.get(line.path) if board.funnel else None
    if board.funnel is None or step is None:
        return row
    lit = board.why.explanation.lit.get(line.path) if board.why else None
    return replace(
        row,
        step=step,
        taken=_taken(board.funnel, line, step),
        bar=_bar(board.funnel, step),
        href=people(rule_editing.until(board.rule, rule_editing.read(line.path))),
        lit=lit,
        because=_because(board.why, line) if board.why else (),
    )


def _taken(funnel: Funnel, line: Line, step: Step) -> int:
    """How many this line takes away from those that the lines before have left."""
    if line.parent != "all" or line.depth:
        return 0
    before = funnel.everyone
    if line.index:
        path = rule_editing.read(line.path)
        before = funnel.steps[rule_editing.write((*path[:-1], line.index - 1))].left
    return before - step.left


def _bar(funnel: Funnel, step: Step) -> int:
    if not step.left or not funnel.everyone:
        return 0
    return max(1, min(BAR, round(BAR * step.left / funnel.everyone)))


def _because(why: Why, line: Line) -> list[str]:
    if line.is_group:
        return []
    reasons = why.explanation.because
    inside = (f"{line.clause_path}.", f"{line.clause_path}[")
    return [each.text for each in reasons if each.where.startswith(inside)]
