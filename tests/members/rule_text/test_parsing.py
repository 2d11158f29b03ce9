"""What Qunce prints is read back as the same rule, in both languages, by the same templates."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from django.utils import translation

from qunce.core.facts import facts
from qunce.members.rule_text import parsing, sentences
from qunce.members.rule_text.canonical import canonical
from qunce.sets.rules import base
from qunce.sets.rules.grammar.reader import Lexicon
from tests import shares
from tests.oracle import people, strategies
from tests.oracle.oracle import Oracle
from tests.oracle.questions import Questions, Vocabulary
from tests.oracle.strategies import Setting

RULES = 5_000 if shares.IS_EXACT else 40
"""Of each language."""
VOCABULARY = Vocabulary(
    accounts=["a1", "a2", "13800138000"],
    segments=strategies.SEGMENTS,
    frozen=["march", "三月 名单"],
    staff=["ann", "bob"],
    layer_days=["2026-02-27"],
)
HOSTILE_NAMES = {
    "vip": "VIP and has the tag KOC",
    "koc": "Big, “bold” (or not)",
    "tea": "茶，且带有标签 牛奶",
    "milk": "none",
    "key-opinion": "key: opinion”",
    "north": "3群",
    "south": "South or north",
    "quiet": "quiet [in the last 3 days]",
    "city": "城市为",
    "high": "30",
    "low": "高、中",
    "mixed": "；→",
    "silent": "except anyone who",
}


def make_names(named: dict[str, str]) -> dict[tuple[str, str], str]:
    keys = {
        "tag": [*strategies.TAG_GROUPS, *strategies.SYNONYMS],
        "tag_group": set(strategies.TAG_GROUPS.values()),
        "attr": strategies.TYPES,
        "group": strategies.GROUPS,
        "campaign": strategies.CAMPAIGNS,
        "source": strategies.SOURCES,
        "layering": [strategies.LAYERING],
        "segment": VOCABULARY.segments,
        "frozen": VOCABULARY.frozen,
        "staff": VOCABULARY.staff,
        "account": VOCABULARY.accounts,
        "score": ["plain", "mix"],
    }
    names = {(kind, key): named.get(key, key) for kind in keys for key in keys[kind]}
    layers = {
        ("layer", f"{strategies.LAYERING}/{key}"): named.get(key, key)
        for key in strategies.LAYERS
    }
    kinds = {("kind", kind): facts.label_of(kind) for kind in facts.declared()}
    others = {("kind", kind): facts.label_of(kind) for kind in strategies.KINDS}
    return {**names, **layers, **kinds, **others, ("currency", "community"): "CNY"}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("named", [{}, HOSTILE_NAMES], ids=["plain", "hostile"])
def test_printed_rules_are_read_back(language: str, named: dict[str, str]) -> None:
    with translation.override(language):
        names = make_names(named)
        lexicon = Lexicon.from_names(names)
        for seed in range(RULES // 2):
            random = Random(f"{language} {len(named)} {seed}")  # noqa: S311
            setting = random.choice(strategies.SETTINGS)
            rule = Questions(random, setting, VOCABULARY).rule()
            text = sentences.to_text(rule, names)
            assert parsing.parse(text, lexicon) == [canonical(rule)], text


def test_every_example_of_a_clause_is_read_back() -> None:
    read = 0
    for declaration in base.DECLARATIONS.values():
        for args in declaration.examples:
            rule = {declaration.name: args}
            mentions = {*base.list_mentions(rule)}
            names = {(kind, key): key for kind, key in mentions if kind != "layer"}
            names |= {
                (kind, key): key.partition("/")[2]
                for kind, key in mentions
                if kind == "layer"
            }
            names |= {
                ("kind", key): facts.label_of(key)
                for kind, key in mentions
                if kind == "kind"
            }
            names |= {("account", key): key for key in args.get("keys", ())}
            if ("currency", "community") in names:
                names["currency", "community"] = "EUR"
            text = sentences.to_text(rule, names)
            lexicon = Lexicon.from_names(names)
            assert parsing.parse(text, lexicon) == [canonical(rule)], text
            read += 1
    assert read > 60


def make_plain_community(random: Random, setting: Setting) -> people.Community:
    """Some people of the oracle, with facts, values, tags and groups."""
    community = people.Community(
        setting.clock,
        types=dict(strategies.TYPES),
        tag_groups=dict(strategies.TAG_GROUPS),
        synonyms=dict(strategies.SYNONYMS),
        layerings={strategies.LAYERING: people.Layering({}, "low")},
        segments={key: {"all": []} for key in VOCABULARY.segments},
        frozen={key: {"a1"} for key in VOCABULARY.frozen},
    )
    times = strategies.list_times(setting)
    for number, key in enumerate(["a1", "a2", "13800138000", "a4", "a5"]):
        left = times[-1] if number == 3 else None
        source = random.choice(strategies.SOURCES)
        account = people.Account(key, number, times[0], source=source, left=left)
        account.changes = [(left, True)] if left else []
        community.accounts[key] = account
        for name, values in strategies.values(setting).items():
            value = random.choice(values)
            value = frozenset({value}) if strategies.TYPES[name] == "multi" else value
            community.values[name, key] = (times[0], value)
        for tag in random.sample(list(strategies.TAG_GROUPS), 2):
            community.depths[tag, key] = random.randint(1, 3)
            community.given[tag, key] = random.choice(times)
        community.memberships.add((random.choice(strategies.GROUPS), key))
        community.in_charge[key] = (times[0], random.choice(VOCABULARY.staff))
        for _fact in range(6):
            payload = (("amount", random.randint(0, 4)), ("page", "home"))
            kind, at = random.choice(strategies.KINDS), random.choice(times)
            community.facts.append(people.Fact(kind, key, at, payload=payload))
    return community


def test_canonical_rules_match_the_same_members() -> None:
    setting = strategies.SETTINGS[0]
    random = Random("canonical")  # noqa: S311
    oracle = Oracle(
        make_plain_community(random, setting), strategies.list_times(setting)[-1]
    )
    vocabulary = replace(VOCABULARY, layer_days=[])
    found = set()
    for _rule in range(RULES * 4):
        rule = Questions(random, setting, vocabulary).rule()
        if "score" in str(rule):
            continue
        members = oracle.members(rule)
        assert oracle.members(canonical(rule)) == members, rule
        found.add(frozenset(members))
    assert len(found) > 5


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"opted_out": {"of": "messages"}}, {"did": {"kind": "member.opted_out"}}),
        ({"joined": {}}, {"did": {"kind": "member.joined"}}),
        ({"left": {"within": "3d"}}, {"did": {"kind": "member.left", "within": "3d"}}),
        (
            {"any": [{"did": {"kind": "order.paid", "times": {"gte": 2}}}]},
            {"did": {"kind": "order.paid", "days": {"gte": 2}}},
        ),
    ],
)
def test_different_rules_read_differently(
    one: dict[str, object], other: dict[str, object]
) -> None:
    names = make_names({})
    lexicon = Lexicon.from_names(names)
    first, second = (sentences.to_text(rule, names) for rule in (one, other))
    assert first != second
    assert parsing.parse(first, lexicon) == [canonical(one)]
    assert parsing.parse(second, lexicon) == [canonical(other)]


def test_several_things_with_one_name_are_several_readings() -> None:
    lexicon = Lexicon([("tag", "a", "Tea"), ("tag", "b", "tea"), ("tag", "c", "TEA")])
    rules = parsing.parse("everyone who has the tag teA", lexicon)
    assert sorted(rule["tag"]["any"] for rule in rules) == [["a"], ["b"], ["c"]]
    assert parsing.parse("everyone who has the tag Tea", lexicon) == [
        {"tag": {"any": ["a"]}}
    ]


def test_what_is_no_printed_rule_is_not_read() -> None:
    lexicon = Lexicon([("tag", "vip", "VIP")])
    assert parsing.parse("everyone who has the tag VIP", lexicon)
    for text in (
        "everyone who has the tag",
        "has the tag VIP",
        "VIP",
        "",
        "everyone and",
    ):
        assert parsing.parse(text, lexicon) == []
