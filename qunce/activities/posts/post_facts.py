"""Facts about posts: written, accepted, rejected, featured, rewarded, consents."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core.facts import facts


@dataclass(frozen=True, kw_only=True)
class PostFact(facts.FactKind):
    activity: int
    post: int
    labels = {
        "activity": gettext_lazy("number of the activity"),
        "post": gettext_lazy("number of the post"),
        "use": gettext_lazy("use that was consented to"),
        "points": gettext_lazy("points"),
    }
    instead = gettext_lazy("Members write posts, under Activities.")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PostWritten(PostFact):
    kind = "post.written"
    label = gettext_lazy("wrote a post")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PostAccepted(PostFact):
    kind = "post.accepted"
    label = gettext_lazy("post was accepted")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PostRejected(PostFact):
    kind = "post.rejected"
    label = gettext_lazy("post was rejected")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PostHidden(PostFact):
    kind = "post.hidden"
    label = gettext_lazy("post was hidden")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PostFeatured(PostFact):
    kind = "post.featured"
    label = gettext_lazy("post was featured")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PostRewarded(PostFact):
    kind = "post.rewarded"
    label = gettext_lazy("post was rewarded")
    points: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PostConsentGiven(PostFact):
    kind = "post.consent_given"
    label = gettext_lazy("consented to a use of a post")
    use: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PostConsentWithdrawn(PostFact):
    kind = "post.consent_withdrawn"
    label = gettext_lazy("withdrew consent to a use of a post")
    use: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PostDeleted(PostFact):
    kind = "post.deleted"
    label = gettext_lazy("deleted a post")
