"""The engine against the oracle after the same random steps."""

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

from tests.oracle import comparisons, strategies
from tests.oracle.questions import Questions
from tests.oracle.strategies import Setting
from tests.oracle.world import World

MAX_ACCOUNTS = 8
MAX_FACTS = 8
QUESTIONS_PER_STEP = 6
MAX_COMMUNITIES = 40


class Interleavings(RuleBasedStateMachine):
    """Random steps in random order, each of which commits."""

    world: World
    setting: Setting
    random: Random

    @initialize(
        setting=strategies.settings,
        data=st.data(),
        random=st.randoms(use_true_random=True),
    )
    def start(self, setting: Setting, data: st.DataObject, random: Random) -> None:
        self.setting = setting
        self.world = World(setting)
        if self.world.number % MAX_COMMUNITIES == 0:
            self.flush()
        for _ in range(4):
            self.join(data)
            self.record_facts(data)
        self.world.fill(random)
        self.random = random
        self.world.catch_up()

    def flush(self) -> None:
        """Delete all communities, since doctor and rebuild read every one of them."""
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

    def time(self, data: st.DataObject) -> datetime:
        return data.draw(strategies.times(self.setting), label="at")

    def account(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(self.world.list_accounts()), label="account")

    def accounts(self, data: st.DataObject) -> list[str]:
        keys = st.lists(
            st.sampled_from(self.world.list_accounts()),
            min_size=1,
            max_size=3,
            unique=True,
        )
        return data.draw(keys, label="account")

    # People

    @precondition(lambda self: len(self.world.plain.accounts) < MAX_ACCOUNTS)
    @rule(data=st.data())
    def join(self, data: st.DataObject) -> None:
        key = f"m{len(self.world.plain.accounts)}"
        source = data.draw(st.sampled_from(["", *strategies.SOURCES]), label="source")
        joined = self.time(data)
        self.world.add(key, joined, source, at=max(joined, self.time(data)))

    @rule(data=st.data())
    def leave_or_rejoin(self, data: st.DataObject) -> None:
        key, at = self.account(data), self.time(data)
        if self.world.plain.accounts[key].left is None:
            self.world.leave(key, at)
        else:
            self.world.rejoin(key, at)

    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        self.world.merge(self.account(data), self.account(data), self.time(data))

    @precondition(lambda self: self.world.plain.merges)
    @rule(data=st.data())
    def unmerge(self, data: st.DataObject) -> None:
        merge = data.draw(st.sampled_from(self.world.plain.merges), label="merge")
        self.world.unmerge(merge, self.time(data))

    @precondition(
        lambda self: (
            len(self.world.list_accounts()) > 3 and self.world.has_several_people()
        )
    )
    @rule(data=st.data())
    def erase(self, data: st.DataObject) -> None:
        self.world.erase(self.account(data), self.time(data))

    # Marks and values

    @rule(data=st.data(), tag=st.sampled_from([*strategies.TAG_GROUPS]))
    def change_tags(self, data: st.DataObject, tag: str) -> None:
        at = self.time(data)
        step = data.draw(st.sampled_from(["apply", "set depth", "remove", "undo"]))
        if step == "set depth":
            depth = data.draw(st.integers(0, 3), label="depth")
            self.world.set_depth(tag, self.account(data), depth, at)
        elif step == "apply":
            self.world.apply_tag(tag, self.accounts(data), at)
        elif step == "remove":
            self.world.remove_tag(tag, self.accounts(data), at)
        else:
            self.world.tag_and_undo(tag, self.accounts(data), at)

    @rule(data=st.data(), name=st.sampled_from([*strategies.TYPES]))
    def set_value(self, data: st.DataObject, name: str) -> None:
        value = st.none() | strategies.value(self.setting, name)
        drawn = data.draw(value, label=name)
        self.world.set_value(name, self.account(data), drawn, self.time(data))

    @rule(data=st.data(), group=st.sampled_from(strategies.GROUPS))
    def join_or_leave_group(self, data: st.DataObject, group: str) -> None:
        key, at = self.account(data), self.time(data)
        if (group, key) in self.world.plain.memberships:
            self.world.leave_group(group, key, at)
        else:
            self.world.join_group(group, key, at)

    @rule(
        data=st.data(),
        name=st.sampled_from(strategies.LISTS),
        group=st.sampled_from(["", *strategies.GROUPS]),
    )
    def list_or_unlist(self, data: st.DataObject, name: str, group: str) -> None:
        key, at = self.account(data), self.time(data)
        if (name, key) in self.world.plain.listed:
            self.world.take_off_list(name, key, at)
        else:
            self.world.put_on_list(name, key, group, at)

    @rule(data=st.data())
    def opt_out_or_in(self, data: st.DataObject) -> None:
        key, at = self.account(data), self.time(data)
        if key in self.world.plain.opted_out:
            self.world.opt_in(key, at)
        else:
            purpose = data.draw(st.sampled_from(("marketing", "service")))
            self.world.opt_out(key, at, purpose)

    @rule(data=st.data(), campaign=st.sampled_from(strategies.CAMPAIGNS))
    def hold_out(self, data: st.DataObject, campaign: str) -> None:
        self.world.hold_out(campaign, self.accounts(data))

    @rule(data=st.data())
    def check_in(self, data: st.DataObject) -> None:
        for key in self.accounts(data):
            self.world.check_in(key, self.time(data))

    @rule(data=st.data())
    def assign_staff(self, data: st.DataObject) -> None:
        staff = data.draw(st.sampled_from([None, *self.world.plain.staff]))
        self.world.assign_staff(staff, self.account(data), self.time(data))

    # Facts

    @rule(data=st.data())
    def record_facts(self, data: st.DataObject) -> None:
        events = strategies.keyed_facts(self.setting, self.world.list_accounts())
        drawn = data.draw(
            st.lists(events, min_size=2, max_size=MAX_FACTS), label="facts"
        )
        self.world.record(drawn, self.time(data))

    # Segments and layers

    @rule(data=st.data(), random=st.randoms(use_true_random=True))
    def save_rule(self, data: st.DataObject, random: Random) -> None:
        now = data.draw(strategies.times_of_today(self.setting), label="now")
        vocabulary = self.world.vocabulary()
        step = data.draw(st.sampled_from(["segment", "segment", "freeze", "layers"]))
        if step == "segment":
            number = data.draw(st.integers(0, len(strategies.SEGMENTS) - 1))
            key, before = strategies.SEGMENTS[number], strategies.SEGMENTS[:number]
            # A segment names only those before it, so that there is no cycle.
            earlier = [name for name in vocabulary.segments if name in before]
            questions = Questions(
                random, self.setting, replace(vocabulary, segments=earlier)
            )
            self.world.save_segment(key, questions.rule(), now)
        elif step == "freeze":
            rule_ = Questions(random, self.setting, vocabulary).rule()
            self.world.freeze(f"list{len(vocabulary.frozen)}", rule_, now)
        else:
            self.world.recompute_layers(now)

    # Background work

    @rule(step=st.sampled_from(["catch_up"] * 4 + ["scrub", "restart", "rebuild"]))
    def run_background_work(self, step: str) -> None:
        getattr(self.world, step)()

    @rule(other=strategies.settings)
    def change_clock(self, other: Setting) -> None:
        self.world.set_clock(other.clock)

    @rule()
    def check_health(self) -> None:
        self.world.check_health()

    # Comparison after every step

    @invariant()
    def compare(self) -> None:
        if not hasattr(self, "world"):
            return
        now = self.random.choice(strategies.list_times(self.setting))
        questions = Questions(self.random, self.setting, self.world.vocabulary())
        for number in range(QUESTIONS_PER_STEP):
            rule_ = questions.rule()
            scope = questions.rule(1) if self.random.random() < 0.2 else None
            comparisons.compare(self.world, rule_, now, scope)
            if number % 3 == 0:
                account = self.random.choice(self.world.list_accounts())
                comparisons.compare_reasons(self.world, rule_, now, account, scope)

    def teardown(self) -> None:
        """Scrub erased people, since the doctor reads the communities of later examples, too."""
        if hasattr(self, "world"):
            self.world.scrub()


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_engine_agrees_with_the_oracle() -> None:
    profile = settings()
    run_state_machine_as_test(
        Interleavings,
        settings=settings(
            # Each example is a community of its own and some forty commits.
            max_examples=max(profile.max_examples // 5, 1),
            stateful_step_count=20,
            report_multiple_bugs=False,
        ),
    )
