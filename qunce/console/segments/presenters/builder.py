"""What the rule builder shows: the lines, how many members each leaves, and a sample."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.console.segments import rule_draft as segment_draft
from qunce.console.segments import rule_editing
from qunce.console.segments.clause_forms import base as clause_forms
from qunce.console.segments.rule_draft import Draft
from qunce.members.accounts import masking
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import visibility
from qunce.members.rule_text import names as rule_names
from qunce.members.rule_text import sentences
from qunce.members.search import search
from qunce.sets import audiences
from qunce.sets.audiences import CompiledRule
from qunce.sets.rules.base import RuleError

if TYPE_CHECKING:
    from qunce.console.segments.builder_choices import Choices
    from qunce.console.segments.clause_forms.base import ClauseForm
    from qunce.core.staff.models import Staff
    from qunce.members.rule_text.sentences import Line
    from qunce.sets.audiences import Explanation
    from qunce.sets.funnels import Funnel, Step
    from qunce.sets.rules.phrasing import Names, Pieces

SAMPLE_SIZE = 10
MAX_SEARCH_RESULTS = 6
MAX_RULE_IN_URL = 6_000
BAR_WIDTH = 72
"""Width of the bar beside a number, in units of its drawing."""


@dataclass(frozen=True)
class Row:
    """A line with its numbers. A row without line and form is where one can be added."""

    path: str
    depth: int
    line: Line | None = None
    step: Step | None = None
    excluded: int = 0
    """How many members this line removes from those that the lines before leave."""
    bar: int = 0
    href: str = ""
    form: ClauseForm | None = None
    holds: bool | None = None
    """For the person who is explained; None if nobody is."""
    reasons: Sequence[str] = ()
    error: str = ""
    focus: bool = False
    is_selected: bool = False

    @property
    def slug(self) -> str:
        return re.sub(r"[^a-z0-9_]", "-", self.path)

    @property
    def is_as_required(self) -> bool:
        """Whether the person passes the line: behind a `not` it must not hold."""
        is_negated = str(self.path).count("not") % 2 == 1
        return bool(self.holds) != is_negated

    @property
    def is_adder(self) -> bool:
        return self.line is None and self.form is None


@dataclass(frozen=True)
class Person:
    person_id: int
    name: str
    key: str


@dataclass(frozen=True)
class PersonExplanation:
    person: Person
    explanation: Explanation


@dataclass(frozen=True)
class BuilderPage:
    """`rule` is that of the draft, with the clause of the open form if it is valid."""

    choices: Choices
    draft: Draft
    rule: Any
    funnel: Funnel | None
    error: str = ""
    error_path: str = ""
    explained: PersonExplanation | None = None
    everyone_label: str = ""
    search_results: Sequence[Person] = field(default_factory=list)

    @cached_property
    def names(self) -> Names:
        return rule_names.find(self.choices.community, self.draft.rule, self.rule)

    @cached_property
    def rows(self) -> list[Row]:
        lines = sentences.list_lines(self.draft.rule, self.names)
        return list(_list_rows(self, lines))

    @property
    def has_several_lines(self) -> bool:
        return len(self.draft.rule["all"]) > 1

    @cached_property
    def counted_rows(self) -> list[Row]:
        """The rows on the page with the numbers that `rule` gives them."""
        lines = sentences.list_lines(self.rule, self.names)
        paths = {row.path for row in self.rows if not row.is_adder}
        return [_row(self, line) for line in lines if line.path in paths]

    @property
    def sentence(self) -> Pieces:
        return sentences.describe(self.rule, self.names)

    @property
    def href(self) -> str:
        return self.members_url(self.rule)

    def members_url(self, rule: Any) -> str:
        """Empty where the list would take somebody else for “me”."""
        is_of_others = self.choices.me is not None and _names_me(rule)
        return "" if is_of_others else members_url(rule)

    @property
    def everyone_href(self) -> str:
        return reverse("members:list")

    @cached_property
    def sample(self) -> list[Person]:
        ids = self.funnel.sample if self.funnel else ()
        return list_people(ids, self.choices.by)

    @property
    def forms(self) -> list[type[ClauseForm]]:
        return clause_forms.list_forms()


def build_page(
    draft: Draft, choices: Choices, query: str = "", everyone: str = ""
) -> BuilderPage:
    """`query` searches for a person to explain; `everyone` is who the rule begins with."""
    everyone = everyone or _("Everyone in the community")
    # While a form is filled in, the counts are those of the rule with its clause.
    rules = [draft.rule]
    if draft.form is not None and draft.form.is_bound and draft.form.is_valid():
        rules.insert(0, segment_draft.with_form_clause(draft)[0])
    compiled: CompiledRule | RuleError
    for rule in rules:
        compiled = _compile(rule, choices)
        if isinstance(compiled, CompiledRule):
            break
    if isinstance(compiled, RuleError):
        error = compiled
        return BuilderPage(
            choices,
            draft,
            rule,
            None,
            error.message,
            error.path,
            everyone_label=everyone,
        )
    funnel = audiences.funnel(
        community=choices.community,
        rule=compiled,
        by=choices.by,
        at=choices.at,
        sample=SAMPLE_SIZE,
    )
    page = BuilderPage(choices, draft, rule, funnel, everyone_label=everyone)
    if draft.person is not None:
        account = visibility.get(by=choices.by, account=draft.person, at=choices.at)
        explanation = audiences.explain(
            community=choices.community,
            rule=compiled,
            by=choices.by,
            at=choices.at,
            account=account.pk,
        )
        (person,) = list_people([account.pk], choices.by)
        page = replace(page, explained=PersonExplanation(person, explanation))
    if query:
        people = search.suggest(
            by=choices.by, query=query, at=choices.at, limit=MAX_SEARCH_RESULTS
        )
        page = replace(page, search_results=list_people(people, choices.by))
    return page


def list_people(accounts: Sequence[int], by: Staff) -> list[Person]:
    """The people of these accounts in this order. `by` must be allowed to see them."""
    if not accounts:
        return []
    ids = list(dict.fromkeys(account_queries.person_ids(accounts).values()))
    accounts_by_person = account_queries.accounts_by_person(ids)
    all_accounts = [pk for pks in accounts_by_person.values() for pk in pks]
    rows = Account.objects.filter(pk__in=all_accounts)
    labels = {
        pk: (name, key) for pk, name, key in rows.values_list("pk", "name", "key")
    }
    people = []
    for person_id in ids:
        names = [labels[pk][0] for pk in accounts_by_person[person_id]]
        name = next((name for name in names if name), "")
        people.append(Person(person_id, name, masking.key(labels[person_id][1], by)))
    return people


def _names_me(rule: Any) -> bool:
    if isinstance(rule, dict):
        return "me" in rule or any(map(_names_me, rule.values()))
    return isinstance(rule, list) and any(map(_names_me, rule))


def members_url(rule: Any) -> str:
    """The URL of the member list with this rule; empty if the rule is too long."""
    text = segment_draft.dump(rule)
    if len(text) > MAX_RULE_IN_URL:
        return ""
    return f"{reverse('members:list')}?{urlencode({'rule': text})}"


# Rows


def _list_rows(page: BuilderPage, lines: Sequence[Line]) -> Iterator[Row]:
    """The lines in order, and after the last of each group the row to add one."""
    groups: list[tuple[str, int]] = [("", -1)]
    for line in lines:
        if page.draft.open and line.path.startswith(f"{page.draft.open}."):
            continue  # inside a part that is kept as it is
        while line.depth <= groups[-1][1]:
            yield _last_row(page, *groups.pop())
        is_open = bool(page.draft.open) and page.draft.open == line.clause_path
        is_focus = page.draft.focus == line.path and not page.draft.open
        form = page.draft.form if is_open else None
        yield replace(
            _row(page, line),
            form=form,
            focus=is_open or is_focus,
            is_selected=line.path in page.draft.selected,
        )
        if line.is_group and line.name in rule_editing.LISTS:
            groups.append((line.clause_path, line.depth))
    while groups:
        yield _last_row(page, *groups.pop())


def _last_row(page: BuilderPage, group: str, depth: int) -> Row:
    """The form of a new clause in the group, or the row to add one."""
    draft = page.draft
    if not (draft.is_new and draft.open_group == group):
        is_focus = not draft.open and draft.focus == f"{segment_draft.NEW}{group}"
        return Row(group, depth + 1, focus=is_focus)
    path = rule_editing.parse_path(group)
    part = rule_editing.get_part(draft.rule, path)
    name = rule_editing.name_of(part)
    new_path = rule_editing.format_path((*path, name, len(part[name])))
    return Row(new_path, depth + 1, form=draft.form, focus=True)


def _row(page: BuilderPage, line: Line) -> Row:
    row = Row(line.path, line.depth, line)
    if page.error_path.startswith(line.clause_path) and not line.is_group:
        row = replace(row, error=page.error)
    step = page.funnel.steps.get(line.path) if page.funnel else None
    if page.funnel is None or step is None:
        return row
    path, bar = rule_editing.parse_path(line.path), 0
    if step.remaining and page.funnel.everyone:
        # One unit at least, so that a few of many members are still visible.
        share = step.remaining / page.funnel.everyone
        bar = max(1, min(BAR_WIDTH, round(BAR_WIDTH * share)))
    row = replace(
        row,
        step=step,
        excluded=_count_excluded(page.funnel, line, step),
        bar=bar,
        href=page.members_url(rule_editing.rule_up_to(page.rule, path)),
    )
    if page.explained is None:
        return row
    explanation = page.explained.explanation
    reasons = [] if line.is_group else explanation.reasons
    inside = (f"{line.clause_path}.", f"{line.clause_path}[")
    return replace(
        row,
        holds=explanation.matches_by_path.get(line.path),
        reasons=[each.text for each in reasons if each.path.startswith(inside)],
    )


def _count_excluded(funnel: Funnel, line: Line, step: Step) -> int:
    if line.parent != "all" or line.depth:
        return 0
    before = funnel.everyone
    if line.index:
        path = rule_editing.parse_path(line.path)
        previous = rule_editing.format_path((*path[:-1], line.index - 1))
        before = funnel.steps[previous].remaining
    return before - step.remaining


def _compile(rule: Any, choices: Choices) -> CompiledRule | RuleError:
    try:
        return audiences.compile_rule(
            community=choices.community, rule=rule, by=choices.by, me=choices.me
        )
    except RuleError as error:
        return error
