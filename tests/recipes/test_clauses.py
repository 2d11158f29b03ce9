"""The recipe for a clause.

One domain file, one form, one row in tests/oracle/clauses.py, translations.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from django import forms
from django.utils import translation
from pyroaring import BitMap

from docs import kinds
from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.levels import badges
from qunce.console.segments import rule_editing
from qunce.console.segments.builder_choices import Choices
from qunce.console.segments.clause_forms import base as clause_forms
from qunce.console.segments.clause_forms.base import ClauseForm
from qunce.core import revisions
from qunce.core.communities import Community
from qunce.core.facts import facts, interned_names
from qunce.groups import groups
from qunce.members.attributes import attributes
from qunce.members.layers import layers
from qunce.members.rule_text import names as rule_names
from qunce.members.rule_text import sentences
from qunce.members.segments import frozen as frozen_segments
from qunce.members.segments import segments
from qunce.members.surveys import surveys
from qunce.members.surveys.models import Survey
from qunce.outreach.campaigns import campaigns
from qunce.sets import audiences
from qunce.sets.rules import base, phrasing, tree
from qunce.sets.rules.base import Clause, Declaration, RulePath
from tests import factories
from tests.activities.levels import builders as level_builders
from tests.clients import browser
from tests.factories import AT, LATER
from tests.oracle.clauses import CLAUSES

if TYPE_CHECKING:
    from qunce.sets.rules.phrasing import Names, Pieces
    from qunce.sets.rules.snapshots import Snapshot

ROOT = Path(__file__).parents[2]
ATTRIBUTE_TYPES = {"points": "number", "birthday": "date"}
LAYERS = {
    "by": "rules",
    "layers": [
        {"key": "high", "rule": {"tag": {"any": ["vip"]}}},
        {"key": "middle", "rule": {"tag": {"any": ["tea"]}}},
        {"key": "low"},
    ],
}


def examples_of(declaration: type[Declaration]) -> list[Any]:
    return [{declaration.name: args} for args in declaration.examples]


EXAMPLES = [
    pytest.param(example, id=json.dumps(example))
    for declaration in base.DECLARATIONS.values()
    for example in examples_of(declaration)
]


@pytest.fixture
def shop(db: None) -> Community:
    """A community with everything that the examples of clauses mention."""
    shop = factories.community(language="en")
    about: dict[str, Any] = {
        "community": shop,
        "by": factories.staff(shop, login="setup"),
        "at": AT,
    }
    factories.members(shop, "a1", "a2")
    factories.tag(shop, "vip")
    factories.tag(shop, "tea")
    layering = layers.create(key="value", spec=LAYERS, default="low", **about)
    layers.recompute(layering=layering, by=about["by"], at=AT)
    mentioned = {
        mention
        for declaration in base.DECLARATIONS.values()
        for example in examples_of(declaration)
        for mention in base.list_mentions(example)
    }
    for kind, key in sorted(mentioned):
        if kind == "survey":
            create_survey(key, about)
        elif kind == "badge":
            badges.create(name=key, letters="R", key=key, **about)
        elif kind == "level" and key == "silver":
            # With it comes the other one.
            level_builders.define(shop)
        else:
            create_mentioned(kind, key, about)
    return shop


def create_mentioned(kind: str, key: str, about: dict[str, Any]) -> None:
    """Create what an example names, if it is something that has to be there."""
    if kind == "group":
        groups.create(key=key, **about)
    elif kind == "attr":
        attribute_type = ATTRIBUTE_TYPES.get(key, "text")
        attributes.define(name=key, type=attribute_type, **about)
    elif kind == "staff":
        factories.staff(about["community"], login=key)
    elif kind == "segment":
        segments.create(key=key, rule={"all": []}, **about)
    elif kind == "campaign":
        campaigns.create(name=key, key=key, **about)
    elif kind in ("activity", "any_activity", "live_session"):
        own = kind if kind == "live_session" else "check_in"
        row = activities.create(kind=own, name=key, starts_at=AT, **about)
        Activity.objects.filter(pk=row.pk).update(public_id=key)
    elif kind == "frozen":
        frozen_segments.freeze(key=key, rule={"all": []}, **about)
    elif kind == "source":
        interned_names.ensure("source", about["community"].pk, [key])
    elif kind == "kind":
        facts.ensure_kinds([key])


def create_survey(key: str, about: dict[str, Any]) -> None:
    options = [{"key": "yes", "text": "Yes"}, {"key": "no", "text": "No"}]
    came = {"key": "came", "kind": "single", "text": "Came?", "options": options}
    score = {"key": "score", "kind": "nps", "text": "Score?"}
    survey = surveys.create(name=key, draft=[came, score], **about)
    surveys.publish(survey=survey, by=about["by"], at=AT)
    Survey.objects.filter(pk=survey.pk).update(public_id=key)


def test_clause_names_are_those_of_forms_and_of_oracle_rows() -> None:
    names = set(base.DECLARATIONS)
    assert names >= {"tag", "segment", "opted_out"}
    assert set(clause_forms.FORMS) == {*names, "kept"}
    assert set(CLAUSES) == names


@pytest.mark.parametrize("name", sorted(base.DECLARATIONS))
def test_clause_has_a_description_and_examples_of_every_field(name: str) -> None:
    declaration = base.DECLARATIONS[name]
    assert declaration.description.endswith(".")
    shown = {field for args in declaration.examples for field in args}
    assert shown == set(declaration.fields)


@pytest.mark.parametrize("example", EXAMPLES)
def test_clause_example_is_valid(shop: Community, example: Any) -> None:
    by = factories.staff(shop)
    rule = {"with_left": example}
    assert audiences.count(community=shop, rule=rule, by=by, at=LATER) >= 0
    (name,) = example
    for field in example[name]:
        broken = {name: {**example[name], field: {"?": 1}}}
        with pytest.raises(base.RuleError):
            audiences.check(community=shop, rule=broken)


@pytest.mark.parametrize("example", EXAMPLES)
def test_clause_example_reads_in_both_languages(shop: Community, example: Any) -> None:
    names = rule_names.find(shop, example)
    pieces = sentences.describe(example, names)
    assert phrasing.to_text(pieces).startswith("everyone who ")
    assert [piece.text for piece in pieces if piece.kind == "unknown"] == []
    with translation.override("zh-hans"):
        chinese = sentences.describe(example, names)
    text = "".join(piece.text for piece in chinese if piece.kind == "text")
    assert text
    assert not [letter for letter in text if letter.isascii() and letter.isalpha()]


def test_a_form_gives_back_the_same_rule(shop: Community) -> None:
    """Rule → form → rule, for every clause and for two fields of each at once.

    The parser decides whether the rule is the same. What no form can hold is kept as it
    is, and what is split into lines has the same answer.
    """
    by = factories.staff(shop)
    choices = Choices(by, LATER)
    shown = 0
    for declaration in base.DECLARATIONS.values():
        args = [dict(example) for example in declaration.examples]
        pairs = [one | other for one, other in itertools.combinations(args, 2)]
        for clause in ({declaration.name: each} for each in [*args, *pairs]):
            try:
                before = tree.compile_rule(clause, shop, by)
            except base.RuleError:
                continue
            form = clause_forms.open_form(choices, clause)
            initial = {
                name: form.get_initial_for_field(field, name)
                for name, field in form.fields.items()
            }
            posted = type(form)(choices, clause_forms.to_post_data(initial))
            assert posted.is_complete(), (clause, posted.errors)
            assert tree.compile_rule(posted.clause, shop, by) == before
            shown += form.name != "kept"
            parts = rule_editing.split(clause)
            about: dict[str, Any] = {"community": shop, "by": by, "at": LATER}
            if len(parts) > 1:
                people = audiences.people(rule={"all": parts}, **about)
                assert people == audiences.people(rule=clause, **about)
    assert shown > len(base.DECLARATIONS)


@pytest.fixture
def registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is forgotten after it."""
    monkeypatch.setattr(base, "DECLARATIONS", dict(base.DECLARATIONS))
    monkeypatch.setattr(clause_forms, "FORMS", dict(clause_forms.FORMS))


@pytest.fixture
def even_clause(registries: None) -> type[Clause]:
    """A clause and its form, written as the recipe says, and nothing else."""

    @base.register
    @dataclass(frozen=True)
    class EvenClause(Clause):
        name: ClassVar[str] = "even"
        description: ClassVar[str] = "Members whose number is even."
        fields: ClassVar[tuple[str, ...]] = ("of",)
        examples: ClassVar[tuple[dict[str, Any], ...]] = ({"of": "number"},)

        @classmethod
        def parse(cls, args: Any, path: RulePath) -> EvenClause:
            base.check_fields(args, path, cls.fields)
            return cls()

        @classmethod
        def phrase(cls, args: Any, names: Names) -> Pieces:
            return phrasing.plain(f"has an even {args['of']}")

        def dependencies(self) -> Iterable[revisions.Key]:
            return ()

        def resolve(self, snap: Snapshot) -> BitMap:
            people = snap.everyone(with_left=True)
            return BitMap(pk for pk in people if pk % 2 == 0)

        def explain(self, snap: Snapshot, person: int) -> str:
            return f"number: {person}"

    class EvenForm(ClauseForm):
        name = "even"
        label = "Even number"
        icon = "hashtag"
        order = 15

        @classmethod
        def to_fields(cls, args: Any) -> dict[str, Any]:
            return {}

        def from_fields(self, cleaned: dict[str, Any]) -> Any:
            return {"of": "number"}

        def set_up(self) -> None:
            self.fields["of"] = forms.CharField(required=False)

    return EvenClause


EVEN = {"even": {"of": "number"}}


def test_new_clause_is_in_the_menu_of_the_builder(
    shop: Community, even_clause: type[Clause]
) -> None:
    names = [form.name for form in clause_forms.list_forms()]
    assert names[:3] == ["tag", "even", "did"]
    web = browser(factories.staff(shop))
    page = web.get("/members/segments/new/").content.decode()
    assert 'value="add::even"' in page
    assert "Even number" in page
    data = {"rule": '{"all": []}', "open": "+:even", "do": "done"}
    page = web.post("/members/segments/new/rule/", data).content.decode()
    assert "has an even number" in page
    members = audiences.list_ids(
        community=shop, rule=EVEN, by=factories.staff(shop, login="bob"), at=LATER
    )
    assert len(members) == 1


def test_new_clause_is_in_the_reference(even_clause: type[Clause]) -> None:
    page = kinds.clauses()
    assert "### `even`\n\nMembers whose number is even.\n\nFields: `of`\n" in page
    assert json.dumps(EVEN) in page


def test_new_clause_reads_in_sentences(even_clause: type[Clause]) -> None:
    assert sentences.to_text(EVEN, {}) == "everyone who has an even number"
    with pytest.raises(base.RuleError, match=r"Available clauses: .*even"):
        base.get("odd", RulePath(Community()))


def test_clause_is_unknown_without_its_declaration() -> None:
    assert "even" not in base.DECLARATIONS
    assert "even" not in kinds.clauses()
    assert sentences.to_text(EVEN, {}) == f"everyone who {json.dumps(EVEN)}"
