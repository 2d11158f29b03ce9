"""The classifier of each community, trained again when cases were settled.

It learns from the texts of settled cases that are kept, and from nothing else: a decision
that is undone, an erased member and a text past its time are unlearned with the next
training.

    train_due(at=)                    # hourly
    find(community) -> Model | None
"""

from __future__ import annotations

import functools
import logging
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Max

from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.groups.moderation.classifier import model as models
from qunce.groups.moderation.classifier import training
from qunce.groups.moderation.classifier.samples import MAX_SAMPLES, Samples
from qunce.groups.moderation.models import Case, LearnedModel

if TYPE_CHECKING:
    from qunce.groups.moderation.classifier.model import Model

log = logging.getLogger(__name__)


def train_due(*, at: datetime) -> None:
    """Train the models of communities whose settled cases changed since."""
    for community in Community.objects.order_by("pk"):
        if _has_changed(community):
            train(community, at=at)


def _has_changed(community: Community) -> bool:
    rows = Case.objects.filter(community=community).exclude(verdict="")
    last = rows.aggregate(at=Max("decided_at"))["at"]
    if last is None:
        return False
    trained = LearnedModel.objects.filter(community=community)
    return not trained.filter(trained_at__gte=last).exists()


def train(community: Community, *, at: datetime) -> bool:
    """Train the model of a community; False if it has too few settled cases."""
    rows = Case.objects.filter(community=community).exclude(verdict="")
    rows = rows.exclude(text="").order_by("-decided_at", "-pk")
    samples = Samples()
    settled = rows.values_list("number", "text", "verdict")[:MAX_SAMPLES]
    for number, text, verdict in reversed(settled):
        key = f"case:{number}"
        samples = samples.learn(key, text, is_unwanted=verdict == "right")
    try:
        trained = training.train(samples)
    except training.TooFewSamples:
        # What was learned from cases that are gone is forgotten.
        LearnedModel.objects.filter(community=community).delete()
        return False
    wanted, unwanted = samples.count()
    LearnedModel.objects.update_or_create(
        community=community,
        defaults={
            "model": trained.to_json(),
            "wanted": wanted,
            "unwanted": unwanted,
            "trained_at": at,
        },
    )
    return True


def find(community: Community) -> Model | None:
    """The model of a community, from memory unless it was trained again."""
    rows = LearnedModel.objects.filter(community=community)
    trained_at = rows.values_list("trained_at", flat=True).first()
    if trained_at is None:
        return None
    return _load(community.pk, timestamps.to_micros(trained_at))


@functools.lru_cache(maxsize=32)
def _load(community: int, _trained_at: int) -> Model | None:
    row = LearnedModel.objects.filter(community=community).first()
    try:
        return None if row is None else models.load(row.model)
    except models.ModelDamaged:
        log.exception("the model of community %s cannot be read", community)
        return None
