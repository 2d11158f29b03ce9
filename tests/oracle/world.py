"""One community twice: in Qunce, through its verbs, and in plain Python beside it."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import transaction

from qunce.core import communities, timestamps
from qunce.core.facts import facts, ingest, interned_names
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.members.accounts import accounts, erasure
from qunce.members.accounts import models as account_models
from qunce.members.attributes import attributes
from qunce.members.layers import layers
from qunce.members.people import merges
from qunce.members.people import people as members
from qunce.members.segments import frozen as frozen_segments
from qunce.members.segments import segments
from qunce.members.tags import assignments, library
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import models as tag_models
from qunce.outreach import opt_outs
from qunce.sets import audiences
from qunce.sets.doctor import doctor
from qunce.sets.mirror import deriver, rebuild
from qunce.sets.rules import snapshots
from tests.oracle import people, questions, strategies
from tests.oracle.clauses import Rule
from tests.oracle.clock import Clock
from tests.oracle.oracle import Oracle
from tests.oracle.people import Account, Fact, Layering, Value
from tests.oracle.questions import Known
from tests.oracle.strategies import Event, Setting

NUMBERS = itertools.count(1)
EARLY = datetime(2020, 1, 1, tzinfo=UTC)
SOURCE = "shop"
LAYERS: Rule = {
    "by": "rules",
    "layers": [
        {"key": "high", "rule": {"tag": {"any": ["vip"], "depth": {"gte": 2}}}},
        {"key": "middle", "rule": {"did": {"kind": "page.visited"}}},
        {"key": "low"},
    ],
}


class World:
    """Each verb is done to `qunce` and to `plain`; `compare` asks both the same."""

    def __init__(self, setting: Setting) -> None:
        clock = setting.clock
        self.setting = setting
        self.plain = people.Community(clock)
        self.waiting: list[Fact] = []
        """Facts that are recorded but not derived: no rule may see them yet."""
        self.number = next(NUMBERS)
        self.qunce = communities.create(
            key=f"w{self.number}-{secrets.token_hex(3)}",
            timezone=clock.zone,
            day_start=clock.start,
            at=EARLY,
        )
        self.by = staff_models.system(self.qunce)
        self.ids: dict[str, int] = {}
        self.erased: dict[int, tuple[datetime, tuple[str, ...]]] = {}
        """First accounts of erased people of whom the background has more to clear."""
        self._furnish()

    def _furnish(self) -> None:
        """Tags, attributes and groups under the names that rules will use."""
        given: dict[str, Any] = {"community": self.qunce, "by": self.by, "at": EARLY}
        for key in sorted(set(strategies.TAG_GROUPS.values())):
            tag_groups.create(key=key, **given)
        for key, group in strategies.TAG_GROUPS.items():
            library.create(
                key=key, group=tag_groups.get_by_key(self.qunce, group), **given
            )
        for key, tag in strategies.SYNONYMS.items():
            library.add_synonym(tag=self._tag(tag), key=key, by=self.by, at=EARLY)
        for name, kind in strategies.TYPES.items():
            attributes.define(name=name, type=kind, **given)
        for key in strategies.GROUPS:
            groups.create(key=key, **given)
        facts.ensure_kinds(strategies.KINDS)
        layers.create(key=strategies.LAYERING, spec=LAYERS, default="middle", **given)
        interned_names.ensure("source", self.qunce.pk, strategies.SOURCES)
        self.plain.tag_groups = dict(strategies.TAG_GROUPS)
        self.plain.synonyms = dict(strategies.SYNONYMS)
        self.plain.types = dict(strategies.TYPES)
        by_rule = {each["key"]: each["rule"] for each in LAYERS["layers"][:-1]}
        self.plain.layerings[strategies.LAYERING] = Layering(by_rule, "middle")

    def _tag(self, key: str) -> tag_models.Tag:
        return library.get(self.qunce, key)

    def _account(self, key: str) -> account_models.Account:
        return account_models.Account.objects.select_related("community").get(
            pk=self.ids[key]
        )

    def _ids(self, keys: Iterable[str]) -> list[int]:
        return [self.ids[key] for key in keys]

    def alive(self) -> tuple[str, ...]:
        known = self.plain.accounts.items()
        return tuple(key for key, account in known if not account.erased)

    def several(self) -> bool:
        """Whether the living accounts are more than one person."""
        return len({self.plain.person_of(key) for key in self.alive()}) > 1

    def known(self) -> Known:
        return Known(self.alive(), (*self.plain.segments,), (*self.plain.frozen,))

    # People

    def add(self, key: str, joined: datetime, source: str, at: datetime) -> None:
        made = accounts.create(
            community=self.qunce,
            key=key,
            joined_at=joined,
            source=source,
            by=self.by,
            at=at,
        )
        self.ids[key] = made.pk
        self.plain.accounts[key] = Account(key, made.pk, joined, source or None)

    def leave(self, key: str, at: datetime) -> None:
        accounts.leave(account=self._account(key), by=self.by, at=at)
        self.plain.accounts[key].left = at

    def rejoin(self, key: str, at: datetime) -> None:
        accounts.rejoin(account=self._account(key), by=self.by, at=at)
        self.plain.accounts[key].left = None

    def merge(self, left: str, right: str, at: datetime) -> None:
        one, other = self._account(left), self._account(right)
        if right in self.plain.person_of(left):
            with pytest.raises(merges.AlreadyMerged):
                members.merge(left=one, right=other, by=self.by, at=at)
        else:
            members.merge(left=one, right=other, by=self.by, at=at)
            self.plain.merges.append(frozenset({left, right}))

    def unmerge(self, merge: frozenset[str], at: datetime) -> None:
        """Undo the join between two accounts that was made last."""
        left, right = (self._account(key) for key in sorted(merge))
        undone = members.unmerge(left=left, right=right, by=self.by, at=at)
        keys = {pk: key for key, pk in self.ids.items()}
        self.plain.merges.remove(
            frozenset({keys[undone.left_id], keys[undone.right_id]})
        )

    def erase(self, key: str, at: datetime) -> None:
        head = members.erase(account=self._account(key), by=self.by, at=at)
        person = self.plain.person_of(key)
        assert head == self.ids[person[0]]
        self.plain.erase(person)
        self.waiting = [fact for fact in self.waiting if fact.account not in person]
        self.erased[head] = (at, person)

    def scrub(self) -> None:
        """What erasing left to the background; it derives what is waiting, too.

        Keys of facts that are gone are free again: nobody remembers them.
        """
        for head, (at, person) in self.erased.items():
            erasure.scrub(str(head), at=at)
            self._see_waiting()
            for key, account in list(self.plain.taken.items()):
                if account in person:
                    del self.plain.taken[key]
        self.erased = {}

    # Marks and values

    def put_tag(self, tag: str, keys: list[str], at: datetime) -> None:
        assignments.apply(
            tag=self._tag(tag), accounts=self._ids(keys), by=self.by, at=at
        )
        for key in sorted(keys, key=self.ids.__getitem__):
            if not self.plain.depth(tag, self.plain.person_of(key)):
                self.plain.depths[tag, key] = 1

    def set_depth(self, tag: str, key: str, depth: int, at: datetime) -> None:
        depths = {self.ids[key]: depth}
        assignments.set_depths(tag=self._tag(tag), depths=depths, by=self.by, at=at)
        self.plain.depths[tag, key] = depth

    def take_tag(self, tag: str, keys: list[str], at: datetime) -> None:
        assignments.remove(
            tag=self._tag(tag), accounts=self._ids(keys), by=self.by, at=at
        )
        for key in keys:
            for mine in self.plain.person_of(key):
                self.plain.depths.pop((tag, mine), None)

    def tag_and_undo(self, tag: str, keys: list[str], at: datetime) -> None:
        """A batch that is undone leaves no trace."""
        batch = assignments.apply(
            tag=self._tag(tag), accounts=self._ids(keys), by=self.by, at=at
        )
        assignments.undo(batch=batch, by=self.by, at=at)

    def set_value(self, name: str, key: str, value: Value | None, at: datetime) -> None:
        attribute = attributes.get(self.qunce, name)
        given: Any = sorted(value) if isinstance(value, frozenset) else value
        attributes.set_values(
            attribute=attribute, values={self.ids[key]: given}, by=self.by, at=at
        )
        held = self.plain.values.get((name, key))
        if value is None:
            self.plain.values.pop((name, key), None)
        elif held is None or held[1] != value:
            self.plain.values[name, key] = (at, value)

    def enter(self, group: str, key: str, at: datetime) -> None:
        groups.add_members(
            group=groups.get(self.qunce, group),
            accounts=[self.ids[key]],
            by=self.by,
            at=at,
        )
        self.plain.memberships.add((group, key))

    def exit(self, group: str, key: str, at: datetime) -> None:
        groups.remove_members(
            group=groups.get(self.qunce, group),
            accounts=[self.ids[key]],
            by=self.by,
            at=at,
        )
        self.plain.memberships.discard((group, key))

    def opt_out(self, key: str, at: datetime) -> None:
        accounts = [self.ids[key]]
        opt_outs.opt_out(community=self.qunce, accounts=accounts, by=self.by, at=at)
        self.plain.opted_out.add(key)

    def opt_in(self, key: str, at: datetime) -> None:
        """For all accounts of the person."""
        accounts = [self.ids[key]]
        opt_outs.opt_in(community=self.qunce, accounts=accounts, by=self.by, at=at)
        self.plain.opted_out -= set(self.plain.person_of(key))

    def get_known(self, random: Random) -> None:
        """Much of everything about everybody, to begin with."""
        values = strategies.values(self.setting)
        days = [EARLY + timedelta(days=random.randint(0, 5)) for _ in range(3)]
        for key in self.alive():
            for name in random.sample(list(values), 4):
                value = random.choice(values[name])
                if strategies.TYPES[name] == "multi":
                    value = frozenset({value, random.choice(values[name])})
                self.set_value(name, key, value, random.choice(days))
            for tag in random.sample(list(strategies.TAG_GROUPS), 2):
                self.set_depth(tag, key, random.randint(1, 3), random.choice(days))
            self.enter(random.choice(strategies.GROUPS), key, random.choice(days))

    # Rules with a name

    def define(self, key: str, rule: Rule, at: datetime) -> None:
        if key in self.plain.segments:
            segment = segments.get(self.qunce, key)
            segments.update(segment=segment, rule=rule, by=self.by, at=at)
        else:
            segments.create(community=self.qunce, key=key, rule=rule, by=self.by, at=at)
        self.plain.segments[key] = rule

    def freeze(self, key: str, rule: Rule, at: datetime) -> None:
        frozen_segments.freeze(
            community=self.qunce, key=key, rule=rule, by=self.by, at=at
        )
        found = Oracle(self.plain, at).members(rule)
        self.plain.frozen[key] = {person[0] for person in found}

    def lay_out(self, at: datetime) -> None:
        """Everyone who is here goes to the first layer that fits."""
        layering = layers.get(self.qunce, strategies.LAYERING)
        layers.recompute(layering=layering, by=self.by, at=at)
        oracle, plain = Oracle(self.plain, at), self.plain.layerings[layering.key]
        plain.run = {
            person[0]: next(
                (k for k, rule in plain.layers.items() if oracle.holds(rule, person)),
                strategies.LAYERS[-1],
            )
            for person in oracle.members({"all": []})
        }

    # Facts

    def happen(self, events: list[Event], at: datetime) -> None:
        """Facts from a source, with its keys; one that is known is passed over."""
        source = interned_names.ensure("source", self.qunce.pk, [SOURCE])[SOURCE]
        kinds = facts.ensure_kinds(strategies.KINDS)
        batch = ingest.FactBatch(
            community_id=self.qunce.pk,
            source_id=source,
            actor_id=self.by.pk,
            recorded_at=timestamps.to_micros(at),
            kinds=[kinds[event.fact.kind] for event in events],
            accounts=[self.ids[event.fact.account] for event in events],
            groups=[self._group_id(event.fact.group) for event in events],
            happened_at=[timestamps.to_micros(event.fact.at) for event in events],
            payloads=[facts.dump(dict(event.fact.payload)) for event in events],
            keys=[event.key for event in events],
            hashes=ingest.hashes_of(source, [e.key.encode() for e in events]).tolist(),
        )
        with transaction.atomic():
            ingest.insert_new(batch)
        for event in events:
            if event.key not in self.plain.taken:
                self.plain.taken[event.key] = event.fact.account
                self.waiting.append(event.fact)

    def _group_id(self, key: str | None) -> int | None:
        return None if key is None else groups.get(self.qunce, key).pk

    # The engine's own life

    def catch_up(self) -> None:
        deriver.catch_up()
        self._see_waiting()

    def rebuild(self) -> None:
        rebuild.rebuild_all()
        self._see_waiting()

    def _see_waiting(self) -> None:
        self.plain.facts += self.waiting
        self.waiting = []

    def set_clock(self, clock: Clock) -> None:
        """Every fact is on another day once the tail has cut them anew."""
        communities.set_clock(
            community=self.qunce, timezone=clock.zone, day_start=clock.start
        )
        self.plain.clock = clock
        self.catch_up()

    def restart(self) -> None:
        """As a new process begins: nothing in memory, no connection."""
        snapshots.close_all()

    # Asking both

    def compare(self, rule: Rule, at: datetime, scope: Rule | None = None) -> None:
        """Ask both; where they differ, the least part of the rule at which they do."""
        try:
            self._compare(rule, at, scope)
        except Exception:
            for part in questions.parts(rule):
                self.compare(part, at, scope)
            raise

    def _compare(self, rule: Rule, at: datetime, scope: Rule | None) -> None:
        wanted = Oracle(self.plain, at, scope).members(rule)
        heads = sorted(self.ids[person[0]] for person in wanted)
        by = self._operator(scope)
        found = audiences.list_ids(community=self.qunce, rule=rule, by=by, at=at)
        assert found == heads, f"{rule} at {at} for {scope}"
        count = audiences.count(community=self.qunce, rule=rule, by=by, at=at)
        assert count == len(heads), f"{rule} at {at} for {scope}"

    def compare_reasons(
        self, rule: Rule, at: datetime, key: str, scope: Rule | None = None
    ) -> None:
        """Asked of any of a person's accounts, it is the person that is explained."""
        oracle = Oracle(self.plain, at, scope)
        person = self.plain.person_of(key)
        said = audiences.explain(
            community=self.qunce,
            rule=rule,
            by=self._operator(scope),
            at=at,
            account=self.ids[key],
        )
        assert said.holds == oracle.is_in(rule, person), f"{rule} at {at} for {key}"
        clauses = list(oracle.because(rule, person))
        if scope is not None:
            clauses = [*oracle.because(scope, person), *clauses]
        here, *others = said.reasons
        assert here.holds == self.plain.is_present(person)
        found = [reason.holds for reason in others]
        assert found == [holds for _, holds in clauses], f"{rule} at {at} for {key}"

    def _operator(self, scope: Rule | None) -> Staff:
        if scope is None:
            return self.by
        return Staff(community=self.qunce, login="scoped", scope=scope)

    def check_health(self) -> None:
        """The doctor finds nothing once all work is done."""
        self.scrub()
        self.catch_up()
        assert [found.text for found in doctor.run_checks()] == []
