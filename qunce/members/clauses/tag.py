"""The clause `tag`."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from qunce.core import db
from qunce.members.tags.models import KIND as TAGGING
from qunce.members.tags.models import Synonym, Tag, TagGroup
from qunce.sets.bitmaps import aliases, bitmaps
from qunce.sets.clauses import membership
from qunce.sets.clauses.membership import MembershipClause
from qunce.sets.rules import base, fact_queries, references, time_windows
from qunce.sets.rules.base import RulePath
from qunce.sets.rules.grammar.days import WINDOW
from qunce.sets.rules.grammar.forms import Choice, Form, Slot
from qunce.sets.rules.grammar.values import COUNT, Name
from qunce.sets.rules.time_windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.sets.rules.references import Mention
    from qunce.sets.rules.snapshots import Snapshot

    Times = tuple[NDArray[np.int64], NDArray[np.int64]]
    """Ids, and a time of each in microseconds. Shapes (n,)."""

MISSING = -(2**62)
"""Stands for the time of a tagging that is gone."""


TERMS = Slot(
    Choice(
        membership.term_forms(
            "tag",
            {
                "one": gettext_noop("has the tag %(tags)s"),
                "any": gettext_noop("has any of the tags %(tags)s"),
                "all": gettext_noop("has all of the tags %(tags)s"),
                "none": gettext_noop("has none of the tags %(tags)s"),
            },
        )
    ),
    fields=tuple(membership.QUANTIFIERS),
)
WITH_DEPTH = Form(
    gettext_noop("%(what)s %(n)s times each"),
    {"what": TERMS, "n": Slot(COUNT, "depth")},
)
FORMS = (
    Form("%(what)s", {"what": TERMS}, is_translated=False),
    WITH_DEPTH,
    Form(
        gettext_noop("%(what)s, given %(window)s"),
        {"what": TERMS, "window": Slot(WINDOW, "given")},
    ),
    Form(
        gettext_noop("%(what)s, given %(window)s"),
        {
            "what": Slot(WITH_DEPTH, fields=(*membership.QUANTIFIERS, "depth")),
            "window": Slot(WINDOW, "given"),
        },
    ),
    Form(gettext_noop("has no tags"), fixed={"untagged": True}),
    Form(
        gettext_noop("has no tag in the tag group %(group)s"),
        {"group": Slot(Name("tag_group"), "untagged")},
    ),
)


@base.register
@dataclass(frozen=True)
class TagClause(MembershipClause):
    """`untagged` are the tags a member must have none of; None if not required."""

    name: ClassVar[str] = "tag"
    description: ClassVar[str] = (
        "Members who have any, all or none of some tags. `depth` compares how often each"
        ' tag was given, `given` when they got it, such as `{"before": "30d"}` for those'
        " who have had it for at least 30 days, and `untagged` asks for members without any"
        " tag, or without a tag of one tag group. A tag that was removed and given again"
        " counts from then on."
    )
    fields: ClassVar[tuple[str, ...]] = (
        *membership.QUANTIFIERS,
        "untagged",
        "depth",
        "given",
    )
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"any": ["vip", "tea"]},
        {"all": ["vip"], "none": ["tea"]},
        {"any": ["vip"], "depth": {"gte": 2}},
        {"any": ["vip"], "given": {"before": "30d"}},
        {"none": ["vip"], "given": {"within": "7d"}},
        {"untagged": True},
    )
    mark_kind: ClassVar[str] = TAGGING.name
    reference_kind: ClassVar[str] = "tag"
    forms: ClassVar = FORMS

    untagged: tuple[int, ...] | None = None
    given: Window | None = None

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> TagClause:
        base.check_fields(args, path, cls.fields)
        terms = cls.parse_terms(args, path)
        untagged = None
        if "untagged" in args:
            here, value = path.child("untagged"), args["untagged"]
            tags = Tag.objects.filter(community=path.community)
            if isinstance(value, str):
                groups = TagGroup.objects.filter(community=path.community, key=value)
                if not groups.exists():
                    here.fail(_("There is no tag group “%(key)s”.") % {"key": value})
                tags = tags.filter(group__key=value)
            elif value is not True:
                here.fail(_("Write true, or the key of a tag group."))
            untagged = tuple(tags.order_by("pk").values_list("pk", flat=True))
        if not terms and untagged is None:
            path.fail(_("Specify the tags with “any”, “all”, “none” or “untagged”."))
        given = None
        if "given" in args:
            here = path.child("given")
            base.check_fields(args["given"], here, time_windows.KINDS)
            given = time_windows.parse(args["given"], here)
            if given == time_windows.EVER:
                here.fail(_("Specify a time span, such as {“within”: “30d”}."))
        return cls(terms, cls.parse_depth(args, path), untagged, given)

    @classmethod
    def split(cls, args: dict[str, Any]) -> list[dict[str, Any]]:
        parts = membership.split_terms(args, ("depth", "given"))
        if "untagged" in args:
            parts.append({"untagged": args["untagged"]})
        return parts

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        yield from super().mentions(args)
        yield from base.mentions_of("tag_group", args.get("untagged"))

    def set_ids(self) -> set[int]:
        return super().set_ids() | set(self.untagged or ())

    def cache_key(self, snap: Snapshot) -> Hashable:
        if self.given is None:
            return None
        return snap.at if self.given.hours else snap.today

    def members_of(self, snap: Snapshot, ref: int) -> BitMap:
        members = super().members_of(snap, ref)
        if self.given is None:
            return members
        people, micros = times_given(snap, ref)
        chosen = fact_queries.in_window(snap, micros, self.given)
        return members & bitmaps.of(people[chosen])

    def resolve(self, snap: Snapshot) -> BitMap:
        people = super().resolve(snap)
        if self.untagged is not None:
            people = people - bitmaps.union(self._members_by_untagged(snap))
        return people

    def _members_by_untagged(self, snap: Snapshot) -> Iterable[BitMap]:
        for tag in self.untagged or ():
            yield membership.by_person(snap, self.mark_kind, tag).nonzero()

    def explain(self, snap: Snapshot, person: int) -> str:
        sentences = [super().explain(snap, person)] if self.terms else []
        if self.given is not None:
            sentences += self._explain_given(snap, person)
        if self.untagged is not None:
            count = sum(person in bitmap for bitmap in self._members_by_untagged(snap))
            sentences.append(_("has %(n)s of these tags") % {"n": count})
        return base.join_sentences(sentences)

    def _explain_given(self, snap: Snapshot, person: int) -> Iterator[str]:
        assert self.given is not None  # noqa: S101 - asked for only then
        sets = {ref: key for _quantifier, refs in self.terms for ref, key in refs}
        shown = references.list_names(snap.community, "tag", list(sets.values()))
        for ref, name in zip(sets, shown, strict=True):
            people, micros = times_given(snap, ref)
            for moment in micros[people == person].tolist():
                yield _("%(tag)s given %(found)s (required: %(when)s)") % {
                    "tag": name,
                    "found": fact_queries.format_time(moment, snap.community),
                    "when": self.given.describe(),
                }


def times_given(snap: Snapshot, tag: int) -> Times:
    """The people with a tag, ascending, and since when the first account has had it."""
    accounts = snap.cached(
        "taggings since",
        (TAGGING.name, tag),
        lambda: _read_times(tag, -1, present_only=True),
        lambda old, since: _refresh(old, _read_times(tag, since)),
    )
    revs = snap.revisions[(TAGGING.name, tag)], snap.revisions[(aliases.KIND, 0)]

    def fold() -> Times:
        people = snap.aliases.map_array(accounts[0])
        order = np.lexsort((accounts[1], people))
        people, micros = people[order], accounts[1][order]
        first = np.ones(len(people), dtype=bool)
        first[1:] = people[1:] != people[:-1]
        return people[first], micros[first]

    return snap.memoize(("taggings since", tag), revs, fold)


def _read_times(tag: int, since: int, *, present_only: bool = False) -> Times:
    """Accounts and since when they have had the tag; MISSING if they no longer have it."""
    rows = db.rows(
        "SELECT account_id, CASE WHEN present THEN coalesce(since, tagged_at)"  # noqa: S608
        f" ELSE {MISSING} END FROM members_tagging WHERE tag_id = %s AND rev > %s"
        + (" AND present" if present_only else ""),
        [tag, since],
    )
    pairs = np.array(rows, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _refresh(old: Times, new: Times) -> Times:
    kept = ~np.isin(old[0], new[0])
    here = new[1] != MISSING
    return (
        np.concatenate([old[0][kept], new[0][here]]),
        np.concatenate([old[1][kept], new[1][here]]),
    )


# What rules mention


def find_ids(community: Community, keys: Sequence[str]) -> dict[str, int]:
    """By key or by synonym; the key of a merged tag is a synonym of the other tag."""
    if not keys:
        return {}
    marks = db.placeholders(len(keys))
    rows = db.rows(
        "SELECT key, tag_id, 0 FROM members_synonym"  # noqa: S608 - marks only
        f" WHERE community_id = %s AND key IN ({marks}) UNION ALL"
        " SELECT key, id, 1 FROM members_tag"
        f" WHERE community_id = %s AND state <> 'merged' AND key IN ({marks})",
        [community.pk, *keys, community.pk, *keys],
    )
    # A tag's own key comes last, so that it wins over a synonym.
    return {key: tag for key, tag, _own in sorted(rows, key=lambda row: row[2])}


def find_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    ids = find_ids(community, keys)
    names = dict(Tag.objects.filter(pk__in=ids.values()).values_list("pk", "name"))
    return {key: names[pk] for key, pk in ids.items()}


def find_group_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    groups = TagGroup.objects.filter(community=community, key__in=keys)
    return dict(groups.values_list("key", "name"))


def list_names(community: Community, by: Staff | None) -> list[tuple[str, str]]:
    """By name, and by the keys of synonyms."""
    rows = Tag.objects.filter(community=community, merged_into=None)
    synonyms = Synonym.objects.filter(community=community).order_by("pk")
    return [
        *rows.order_by("pk").values_list("key", "name"),
        *synonyms.values_list("tag__key", "key"),
    ]


def list_group_names(community: Community, by: Staff | None) -> list[tuple[str, str]]:
    rows = TagGroup.objects.filter(community=community).order_by("pk")
    return list(rows.values_list("key", "name"))


references.register(
    "tag",
    label=gettext_lazy("tag"),
    find_ids=find_ids,
    find_names=find_names,
    list_names=list_names,
)
references.register(
    "tag_group", find_names=find_group_names, list_names=list_group_names
)
