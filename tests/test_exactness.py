"""The engine against the oracle: the same steps, the same questions, the same answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from random import Random

import pytest
from django.core import management
from django.db import connections
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.oracle import strategies
from tests.oracle.questions import Questions
from tests.oracle.strategies import Setting
from tests.oracle.world import World

MOST_ACCOUNTS = 8
MOST_FACTS = 8
QUESTIONS = 6
MOST_COMMUNITIES = 40


class Interleavings(RuleBasedStateMachine):
    """Random steps in random order; every step commits, as in life."""

    world: World
    setting: Setting
    random: Random

    @initialize(
        setting=strategies.settings,
        data=st.data(),
        random=st.randoms(use_true_random=True),
    )
    def begin(self, setting: Setting, data: st.DataObject, random: Random) -> None:
        self.setting = setting
        self.world = World(setting)
        if self.world.number % MOST_COMMUNITIES == 0:
            self.begin_anew()
        for _ in range(4):
            self.somebody_joins(data)
            self.facts_happen(data)
        self.world.get_known(random)
        self.random = random
        self.world.catch_up()

    def begin_anew(self) -> None:
        """Doctor and rebuild look at all communities; not at thousands, please."""
        for alias in connections:
            management.call_command(
                "flush",
                database=alias,
                verbosity=0,
                interactive=False,
                reset_sequences=False,
                inhibit_post_migrate=True,
            )
        self.world = World(self.setting)

    def moment(self, data: st.DataObject) -> datetime:
        return data.draw(strategies.moments(self.setting), label="at")

    def one(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(self.world.alive()), label="who")

    def some(self, data: st.DataObject) -> list[str]:
        keys = st.lists(
            st.sampled_from(self.world.alive()), min_size=1, max_size=3, unique=True
        )
        return data.draw(keys, label="who")

    # People

    @precondition(lambda self: len(self.world.plain.accounts) < MOST_ACCOUNTS)
    @rule(data=st.data())
    def somebody_joins(self, data: st.DataObject) -> None:
        key = f"m{len(self.world.plain.accounts)}"
        source = data.draw(st.sampled_from(["", *strategies.SOURCES]), label="source")
        joined = self.moment(data)
        self.world.add(key, joined, source, at=max(joined, self.moment(data)))

    @rule(data=st.data())
    def somebody_leaves_or_comes_back(self, data: st.DataObject) -> None:
        key, at = self.one(data), self.moment(data)
        if self.world.plain.accounts[key].left is None:
            self.world.leave(key, at)
        else:
            self.world.rejoin(key, at)

    @rule(data=st.data())
    def two_turn_out_to_be_one(self, data: st.DataObject) -> None:
        self.world.merge(self.one(data), self.one(data), self.moment(data))

    @precondition(lambda self: self.world.plain.merges)
    @rule(data=st.data())
    def one_turns_out_to_be_two(self, data: st.DataObject) -> None:
        merge = data.draw(st.sampled_from(self.world.plain.merges), label="merge")
        self.world.unmerge(merge, self.moment(data))

    @precondition(lambda self: len(self.world.alive()) > 3 and self.world.several())
    @rule(data=st.data())
    def somebody_is_erased(self, data: st.DataObject) -> None:
        self.world.erase(self.one(data), self.moment(data))

    # What is known of them

    @rule(data=st.data(), tag=st.sampled_from([*strategies.TAG_GROUPS]))
    def tags_change(self, data: st.DataObject, tag: str) -> None:
        at = self.moment(data)
        step = data.draw(st.sampled_from(["put", "deepen", "take", "undo"]))
        if step == "deepen":
            depth = data.draw(st.integers(0, 3), label="depth")
            self.world.set_depth(tag, self.one(data), depth, at)
        elif step == "put":
            self.world.put_tag(tag, self.some(data), at)
        elif step == "take":
            self.world.take_tag(tag, self.some(data), at)
        else:
            self.world.tag_and_undo(tag, self.some(data), at)

    @rule(data=st.data(), name=st.sampled_from([*strategies.TYPES]))
    def a_value_is_set(self, data: st.DataObject, name: str) -> None:
        value = st.none() | strategies.value(self.setting, name)
        drawn = data.draw(value, label=name)
        self.world.set_value(name, self.one(data), drawn, self.moment(data))

    @rule(data=st.data(), group=st.sampled_from(strategies.GROUPS))
    def somebody_enters_or_leaves_a_group(
        self, data: st.DataObject, group: str
    ) -> None:
        key, at = self.one(data), self.moment(data)
        if (group, key) in self.world.plain.memberships:
            self.world.exit(group, key, at)
        else:
            self.world.enter(group, key, at)

    @rule(data=st.data())
    def somebody_opts_out_or_in(self, data: st.DataObject) -> None:
        key, at = self.one(data), self.moment(data)
        if key in self.world.plain.opted_out:
            self.world.opt_in(key, at)
        else:
            self.world.opt_out(key, at)

    # What they do

    @rule(data=st.data())
    def facts_happen(self, data: st.DataObject) -> None:
        events = strategies.events(self.setting, self.world.alive())
        drawn = data.draw(
            st.lists(events, min_size=2, max_size=MOST_FACTS), label="facts"
        )
        self.world.happen(drawn, self.moment(data))

    # Rules with a name

    @rule(data=st.data(), random=st.randoms(use_true_random=True))
    def a_rule_gets_a_name(self, data: st.DataObject, random: Random) -> None:
        now = data.draw(strategies.now(self.setting), label="now")
        known = self.world.known()
        step = data.draw(st.sampled_from(["define", "define", "freeze", "lay out"]))
        if step == "define":
            number = data.draw(st.integers(0, len(strategies.SEGMENTS) - 1))
            key, before = strategies.SEGMENTS[number], strategies.SEGMENTS[:number]
            # Only of those before it, so that they never ask for each other.
            mine = [each for each in known.segments if each in before]
            asking = Questions(random, self.setting, replace(known, segments=mine))
            self.world.define(key, asking.rule(), now)
        elif step == "freeze":
            rule_ = Questions(random, self.setting, known).rule()
            self.world.freeze(f"list{len(known.frozen)}", rule_, now)
        else:
            self.world.lay_out(now)

    # What the house does

    @rule(step=st.sampled_from(["catch_up"] * 4 + ["scrub", "restart", "rebuild"]))
    def the_house_works(self, step: str) -> None:
        getattr(self.world, step)()

    @rule(other=strategies.settings)
    def the_clock_is_changed(self, other: Setting) -> None:
        self.world.set_clock(other.clock)

    @rule()
    def the_doctor_comes(self) -> None:
        self.world.check_health()

    # What is asked, after every step

    @invariant()
    def both_answer_the_same(self) -> None:
        if not hasattr(self, "world"):
            return
        now = self.random.choice(strategies.nows(self.setting))
        asking = Questions(self.random, self.setting, self.world.known())
        for number in range(QUESTIONS):
            rule_ = asking.rule()
            scope = asking.rule(1) if self.random.random() < 0.2 else None
            self.world.compare(rule_, now, scope)
            if number % 3 == 0:
                who = self.random.choice(self.world.alive())
                self.world.compare_reasons(rule_, now, who, scope)

    def teardown(self) -> None:
        """The doctor looks at all communities, so each one is left in good order."""
        if hasattr(self, "world"):
            self.world.scrub()


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_the_engine_answers_as_the_oracle_does() -> None:
    profile = settings()
    run_state_machine_as_test(
        Interleavings,
        settings=settings(
            # Each example is a community of its own and some forty commits.
            max_examples=max(profile.max_examples // 3, 1),
            stateful_step_count=20,
            report_multiple_bugs=False,
        ),
    )
