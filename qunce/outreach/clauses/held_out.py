"""The clause `held_out`."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from qunce.core import revisions
from qunce.outreach.campaigns import variants
from qunce.outreach.campaigns.models import Campaign
from qunce.outreach.hold_outs import assignment, hold_outs
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import base, references
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.grammar.forms import Form
from qunce.sets.rules.grammar.values import Name

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.sets.rules.references import Mention
    from qunce.sets.rules.snapshots import Snapshot


@base.register
@dataclass(frozen=True)
class HeldOutClause(Clause):
    """`campaign` is the id of a campaign, or None for the hold-out of the community."""

    name: ClassVar[str] = "held_out"
    description: ClassVar[str] = (
        "Members who are held out, so that others can be compared with them: with"
        " `community` those who get no marketing in this quarter, with `campaign` those"
        " who were left out when that campaign started, nobody before."
    )
    fields: ClassVar[tuple[str, ...]] = ("community", "campaign")
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"community": True},
        {"campaign": "spring"},
    )

    forms: ClassVar = (
        Form(
            gettext_noop("is held out of the campaign %(campaign)s"),
            {"campaign": Name("campaign")},
        ),
        Form(
            gettext_noop("is in the hold-out of this quarter"),
            fixed={"community": True},
        ),
    )

    community: int
    campaign: int | None = None

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> HeldOutClause:
        base.check_fields(args, path, cls.fields)
        if len(args) != 1:
            path.fail(_("Write either “community” or “campaign”."))
        if "community" in args:
            if args["community"] is not True:
                path.child("community").fail(_("Write true, or leave the field out."))
            return cls(path.community.pk)
        here = path.child("campaign")
        key = args["campaign"]
        if not isinstance(key, str):
            here.fail(_("Write a string."))
        pk = base.resolve_key("campaign", key, here)
        if not _is_visible(pk, path):
            here.fail(
                _("There is no %(what)s “%(key)s”.")
                % {"what": references.get("campaign").label, "key": key}
            )
        return cls(path.community.pk, pk)

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        yield from base.mentions_of("campaign", args.get("campaign"))

    def dependencies(self) -> Iterable[revisions.Key]:
        if self.campaign is None:
            return [(hold_outs.REVISION, self.community)]
        return [(variants.REVISION, self.campaign)]

    def cache_key(self, snap: Snapshot) -> Hashable:
        # The hold-out of the community is drawn again each quarter.
        return None if self.campaign else hold_outs.salt(snap.community, snap.at)

    def resolve(self, snap: Snapshot) -> BitMap:
        if self.campaign is not None:
            return snap.people(variants.load_held_out(self.campaign)) & snap.known()
        # Who works here is counted nowhere, whoever asks.
        if len(snap.everyone() - snap.uncounted) < hold_outs.MIN_MEMBERS:
            return bitmaps.of([])
        return assignment.select(
            snap.known() - snap.uncounted,
            salt=hold_outs.salt(snap.community, snap.at),
            per_mille=hold_outs.get_per_mille(snap.community),
        )

    def explain(self, snap: Snapshot, person: int) -> str:
        is_in = person in snap.resolve(self)
        if self.campaign is None:
            if is_in:
                return _("is in the hold-out of this quarter")
            return _("is not in the hold-out of this quarter")
        campaign = Campaign.objects.get(pk=self.campaign)
        if is_in:
            return _("is held out of the campaign %(campaign)s") % {
                "campaign": campaign.name
            }
        if campaign.started_at is None:
            return _("the campaign %(campaign)s has not started") % {
                "campaign": campaign.name
            }
        return _("is not held out of the campaign %(campaign)s") % {
            "campaign": campaign.name
        }


def _is_visible(campaign: int, path: RulePath) -> bool:
    """Whether the author of the rule sees the campaign; with a scope only their own."""
    if path.author is None or (path.sees_all and path.groups is None):
        return True
    return Campaign.objects.filter(pk=campaign, by=path.author).exists()


# What rules mention


def find_ids(community: Community, keys: Sequence[str]) -> dict[str, int]:
    rows = Campaign.objects.filter(community=community, key__in=keys)
    return dict(rows.values_list("key", "pk"))


def find_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    rows = Campaign.objects.filter(community=community, key__in=keys)
    return dict(rows.values_list("key", "name"))


def list_names(community: Community, by: Staff | None) -> list[tuple[str, str]]:
    """Of the campaigns that `by` sees; with a scope only their own."""
    rows = Campaign.objects.filter(community=community).order_by("pk")
    if by is not None and (by.scope is not None or by.groups is not None):
        rows = rows.filter(by=by)
    return list(rows.values_list("key", "name"))


references.register(
    "campaign",
    label=gettext_lazy("campaign"),
    find_ids=find_ids,
    find_names=find_names,
    list_names=list_names,
)
