"""One community twice: in Qunce, changed through its verbs, and in plain Python."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import transaction

from qunce.activities.check_ins import check_ins
from qunce.activities.levels import holdings
from qunce.core import communities, json_values, timestamps
from qunce.core.facts import facts, ingest, interned_names, key_hashes
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.groups.lists import lists
from qunce.groups.lists.models import ListEntry
from qunce.members.accounts import accounts, erasure
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.layers import layers
from qunce.members.people import merges
from qunce.members.people import people as members
from qunce.members.segments import frozen as frozen_segments
from qunce.members.segments import segments
from qunce.members.staff_in_charge import assignments as staff_assignments
from qunce.members.tags import assignments, library
from qunce.members.tags import models as tag_models
from qunce.outreach import opt_outs
from qunce.outreach.campaigns import campaigns, variants
from qunce.sets.bitmaps import bitmaps
from qunce.sets.doctor import doctor
from qunce.sets.mirror import deriver, rebuild
from qunce.sets.rules import snapshots
from tests.oracle import definitions, people, strategies
from tests.oracle.activity_changes import ActivityChanges
from tests.oracle.clauses import Rule
from tests.oracle.clock import Clock
from tests.oracle.definitions import EARLY
from tests.oracle.oracle import Oracle
from tests.oracle.people import Account, Fact, Value
from tests.oracle.questions import Vocabulary
from tests.oracle.strategies import KeyedFact, Setting

NUMBERS = itertools.count(1)
SOURCE = "shop"


class World(ActivityChanges):
    """Every change is made to `qunce` and to `plain`; `comparisons` asks both."""

    def __init__(self, setting: Setting) -> None:
        clock = setting.clock
        self.setting = setting
        self.plain = people.Community(clock)
        self.underived: list[Fact] = []
        """Facts that are recorded but not derived, which no rule may see yet."""
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
        """Erased people whom the background job has not scrubbed yet, by person id."""
        definitions.create(self)
        self.activity = definitions.create_check_in(self)
        self.live = definitions.create_live_session(self)
        self.badge = definitions.create_levels(self)
        self.survey = definitions.create_survey(self)

    def _tag(self, key: str) -> tag_models.Tag:
        return library.get(self.qunce, key)

    def _account(self, key: str) -> account_models.Account:
        return account_models.Account.objects.select_related("community").get(
            pk=self.ids[key]
        )

    def _ids(self, keys: Iterable[str]) -> list[int]:
        return [self.ids[key] for key in keys]

    def list_accounts(self) -> tuple[str, ...]:
        """The keys of all accounts that are not erased."""
        accounts = self.plain.accounts.items()
        return tuple(key for key, account in accounts if not account.erased)

    def has_several_people(self) -> bool:
        return len({self.plain.person_of(key) for key in self.list_accounts()}) > 1

    def vocabulary(self) -> Vocabulary:
        return Vocabulary(
            self.list_accounts(),
            (*self.plain.segments,),
            (*self.plain.frozen,),
            tuple(self.plain.staff),
            self.activity.public_id,
            self.survey.public_id,
            tuple(self.plain.layerings[strategies.LAYERING].runs),
            self.live.public_id,
        )

    # People

    def add(self, key: str, joined: datetime, source: str, at: datetime) -> None:
        account = accounts.create(
            community=self.qunce,
            key=key,
            joined_at=joined,
            source=source,
            by=self.by,
            at=at,
        )
        self.ids[key] = account.pk
        self.plain.accounts[key] = Account(key, account.pk, joined, source or None)

    def leave(self, key: str, at: datetime) -> None:
        accounts.leave(account=self._account(key), by=self.by, at=at)
        self.plain.accounts[key].left = at
        self.plain.accounts[key].changes.append((at, True))

    def rejoin(self, key: str, at: datetime) -> None:
        accounts.rejoin(account=self._account(key), by=self.by, at=at)
        self.plain.accounts[key].left = None
        self.plain.accounts[key].changes.append((at, False))

    def merge(self, left: str, right: str, at: datetime) -> None:
        left_account, right_account = self._account(left), self._account(right)
        if right in self.plain.person_of(left):
            with pytest.raises(merges.AlreadyMerged):
                members.merge(left=left_account, right=right_account, by=self.by, at=at)
        else:
            members.merge(left=left_account, right=right_account, by=self.by, at=at)
            self._react_to_merge(left, right, at=at)
            self.plain.merges.append(frozenset({left, right}))

    def unmerge(self, merge: frozenset[str], at: datetime) -> None:
        """Undo the newest merge of these two accounts."""
        left, right = (self._account(key) for key in sorted(merge))
        undone = members.unmerge(left=left, right=right, by=self.by, at=at)
        self._react_to_merge(*merge, at=at)
        keys = {pk: key for key, pk in self.ids.items()}
        self.plain.merges.remove(
            frozenset({keys[undone.left_id], keys[undone.right_id]})
        )

    def _react_to_merge(self, *keys: str, at: datetime) -> None:
        """What the reaction to the merge does."""
        by_person = account_queries.accounts_by_person(self._ids(keys))
        with transaction.atomic():
            check_ins.recompute(self.activity, account_queries.invert(by_person))
        holdings.refresh(community=self.qunce, accounts=self._ids(keys), at=at)

    def erase(self, key: str, at: datetime) -> None:
        person_id = members.erase(account=self._account(key), by=self.by, at=at)
        person = self.plain.person_of(key)
        assert person_id == self.ids[person[0]]
        self.plain.erase(person)
        self.underived = [fact for fact in self.underived if fact.account not in person]
        self.erased[person_id] = (at, person)

    def scrub(self) -> None:
        """Run the background part of every erasure, which also derives all facts.

        The keys of deleted facts can be used again.
        """
        for person_id, (at, person) in self.erased.items():
            erasure.scrub(str(person_id), at=at)
            self._derive_plain()
            for key, account in list(self.plain.fact_keys.items()):
                if account in person:
                    del self.plain.fact_keys[key]
        self.erased = {}

    # Marks and values

    def apply_tag(self, tag: str, keys: list[str], at: datetime) -> None:
        assignments.apply(
            tag=self._tag(tag), accounts=self._ids(keys), by=self.by, at=at
        )
        for key in sorted(keys, key=self.ids.__getitem__):
            if not self.plain.depth(tag, self.plain.person_of(key)):
                self.plain.depths[tag, key] = 1
                self.plain.given[tag, key] = at

    def set_depth(self, tag: str, key: str, depth: int, at: datetime) -> None:
        depths = {self.ids[key]: depth}
        assignments.set_depths(tag=self._tag(tag), depths=depths, by=self.by, at=at)
        if not self.plain.depths.get((tag, key)):
            self.plain.given[tag, key] = at
        self.plain.depths[tag, key] = depth
        if not depth:
            del self.plain.given[tag, key]

    def remove_tag(self, tag: str, keys: list[str], at: datetime) -> None:
        assignments.remove(
            tag=self._tag(tag), accounts=self._ids(keys), by=self.by, at=at
        )
        for key in keys:
            for account in self.plain.person_of(key):
                self.plain.depths.pop((tag, account), None)
                self.plain.given.pop((tag, account), None)

    def tag_and_undo(self, tag: str, keys: list[str], at: datetime) -> None:
        """Apply a tag and undo the batch, which must change nothing."""
        batch = assignments.apply(
            tag=self._tag(tag), accounts=self._ids(keys), by=self.by, at=at
        )
        assignments.undo(batch=batch, by=self.by, at=at)

    def set_value(self, name: str, key: str, value: Value | None, at: datetime) -> None:
        attribute = attributes.get(self.qunce, name)
        written: Any = sorted(value) if isinstance(value, frozenset) else value
        attributes.set_values(
            attribute=attribute, values={self.ids[key]: written}, by=self.by, at=at
        )
        old = self.plain.values.get((name, key))
        if value is None:
            self.plain.values.pop((name, key), None)
        elif old is None or old[1] != value:
            self.plain.values[name, key] = (at, value)

    def join_group(self, group: str, key: str, at: datetime) -> None:
        groups.add_members(
            group=groups.get(self.qunce, group),
            accounts=[self.ids[key]],
            by=self.by,
            at=at,
        )
        self.plain.memberships.add((group, key))

    def leave_group(self, group: str, key: str, at: datetime) -> None:
        groups.remove_members(
            group=groups.get(self.qunce, group),
            accounts=[self.ids[key]],
            by=self.by,
            at=at,
        )
        self.plain.memberships.discard((group, key))

    def put_on_list(self, name: str, key: str, group: str, at: datetime) -> None:
        """A person has one entry on each list, if no merge has brought another."""
        chosen = [groups.get(self.qunce, group)] if group else []
        common: dict[str, Any] = {"account": self.ids[key], "groups": chosen}
        common |= {"list_name": name, "by": self.by, "at": at}
        person = self.plain.person_of(key)
        if any((name, each) in self.plain.listed for each in person):
            with pytest.raises(lists.AlreadyListed):
                lists.add(community=self.qunce, **common)
        else:
            lists.add(community=self.qunce, **common)
            self.plain.listed[name, key] = group

    def take_off_list(self, name: str, key: str, at: datetime) -> None:
        entry = ListEntry.objects.get(
            list_name=name, account_id=self.ids[key], ended_at=None
        )
        lists.remove(entry=entry, by=self.by, at=at)
        del self.plain.listed[name, key]

    def opt_out(self, key: str, at: datetime, purpose: str = "marketing") -> None:
        opt_outs.opt_out(
            community=self.qunce,
            accounts=[self.ids[key]],
            by=self.by,
            at=at,
            purpose=purpose,
        )
        self.plain.opted_out.add(key)
        if purpose == "service":
            self.plain.opted_out_of_service.add(key)

    def opt_in(self, key: str, at: datetime) -> None:
        """Opts in all accounts of the person."""
        accounts = [self.ids[key]]
        opt_outs.opt_in(community=self.qunce, accounts=accounts, by=self.by, at=at)
        self.plain.opted_out -= set(self.plain.person_of(key))
        self.plain.opted_out_of_service -= set(self.plain.person_of(key))

    def hold_out(self, campaign: str, keys: list[str]) -> None:
        """Hold out people as the start of a campaign does, which happens once."""
        if campaign in self.plain.held_out:
            return
        first = {self.plain.person_of(key)[0] for key in keys}
        row = campaigns.Campaign.objects.get(community=self.qunce, key=campaign)
        variants.save(row, {}, bitmaps.of(self.ids[key] for key in first))
        self.plain.held_out[campaign] = first

    def assign_staff(self, login: str | None, key: str, at: datetime) -> None:
        """Assigns all accounts of the person."""
        staff = Staff.objects.get(login=login) if login else None
        staff_assignments.assign(
            community=self.qunce,
            accounts=[self.ids[key]],
            staff=staff,
            by=self.by,
            at=at,
        )
        person = self.plain.person_of(key)
        stored = [self.plain.in_charge.get(each, (at, None))[1] for each in person]
        if all(each == login for each in stored):
            return
        for each in person:
            self.plain.in_charge.pop(each, None)
            if login is not None:
                self.plain.in_charge[each] = (at, login)

    def fill(self, random: Random) -> None:
        """Give every account some values, tags and groups."""
        values = strategies.values(self.setting)
        days = [EARLY + timedelta(days=random.randint(0, 5)) for _ in range(3)]
        for key in self.list_accounts():
            for name in random.sample(list(values), 4):
                value = random.choice(values[name])
                if strategies.TYPES[name] == "multi":
                    value = frozenset({value, random.choice(values[name])})
                self.set_value(name, key, value, random.choice(days))
            for tag in random.sample(list(strategies.TAG_GROUPS), 2):
                self.set_depth(tag, key, random.randint(1, 3), random.choice(days))
            self.join_group(random.choice(strategies.GROUPS), key, random.choice(days))
            for back in random.sample(range(9), 6):
                day = self.setting.today - timedelta(days=back)
                self.check_in(
                    key, datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
                )
            if random.random() < 0.6:
                day = self.setting.today - timedelta(days=random.randint(0, 80))
                noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
                self.earn(key, random.choice([5, 10, 30, 60]), noon)
            if random.random() < 0.5:
                self.enter(key, EARLY, is_struck_out=random.random() < 0.3)
            self.follow_live_session_at_random(key, random)
            self.answer_at_random(key, random)
            if random.random() < 0.4:
                self.award_badge(key, EARLY)
                if random.random() < 0.3:
                    self.revoke_badge(key, EARLY)
            self.assign_staff(
                random.choice([None, *self.plain.staff]), key, random.choice(days)
            )

    # Segments and layers

    def save_segment(self, key: str, rule: Rule, at: datetime) -> None:
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
        people = Oracle(self.plain, at).members(rule)
        self.plain.frozen[key] = {person[0] for person in people}

    def recompute_layers(self, at: datetime) -> None:
        """Assign everyone who is present to the first layer whose rule holds."""
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
        plain.runs[self.plain.clock.day(at).isoformat()] = plain.run

    # Facts

    def record(self, keyed_facts: list[KeyedFact], at: datetime) -> None:
        """Insert facts of a source; those whose key is known are skipped."""
        source = interned_names.ensure("source", self.qunce.pk, [SOURCE])[SOURCE]
        kinds = facts.ensure_kinds(strategies.KINDS)
        batch = ingest.FactBatch(
            community_id=self.qunce.pk,
            source_id=source,
            actor_id=self.by.pk,
            recorded_at=timestamps.to_micros(at),
            kinds=[kinds[keyed.fact.kind] for keyed in keyed_facts],
            accounts=[self.ids[keyed.fact.account] for keyed in keyed_facts],
            groups=[self._group_id(keyed.fact.group) for keyed in keyed_facts],
            happened_at=[timestamps.to_micros(keyed.fact.at) for keyed in keyed_facts],
            payloads=[
                json_values.dump_exactly(dict(keyed.fact.payload)) or None
                for keyed in keyed_facts
            ],
            keys=[keyed.key for keyed in keyed_facts],
            hashes=key_hashes.hashes_of(
                source, [keyed.key.encode() for keyed in keyed_facts]
            ).tolist(),
        )
        with transaction.atomic():
            ingest.insert_new(batch)
        for keyed in keyed_facts:
            if keyed.key not in self.plain.fact_keys:
                self.plain.fact_keys[keyed.key] = keyed.fact.account
                self.underived.append(keyed.fact)

    def _group_id(self, key: str | None) -> int | None:
        return None if key is None else groups.get(self.qunce, key).pk

    # Deriving

    def catch_up(self) -> None:
        deriver.catch_up()
        self._derive_plain()

    def rebuild(self) -> None:
        rebuild.rebuild_all()
        self._derive_plain()

    def _derive_plain(self) -> None:
        self.plain.facts += self.underived
        self.underived = []

    def set_clock(self, clock: Clock) -> None:
        """Change the clock and derive, which counts every fact again by the new days."""
        communities.set_clock(
            community=self.qunce, timezone=clock.zone, day_start=clock.start
        )
        self.plain.clock = clock
        self.catch_up()

    def restart(self) -> None:
        """Start like a new process, with empty caches and no connection."""
        snapshots.close_all()

    def staff(self, scope: Rule | None) -> Staff:
        if scope is None:
            return self.by
        return Staff(community=self.qunce, login="scoped", scope=scope)

    def check_health(self) -> None:
        """After all background work, the doctor must find nothing."""
        self.scrub()
        self.catch_up()
        wrong = [finding.text for finding in doctor.run_checks()]
        assert not wrong, wrong
