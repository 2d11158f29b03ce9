from __future__ import annotations

from qunce.members.accounts.models import (
    Account,
    ErasedText,
    Identifier,
    PastIdentifier,
    Placeholder,
    SharedIdentifier,
    Suppression,
    SuppressionSecret,
)
from qunce.members.attributes.attributes import Attribute
from qunce.members.attributes.type_change_jobs import TypeChangeJob
from qunce.members.attributes.values import AttributeValue, PastValue
from qunce.members.consents.consents import Consent
from qunce.members.layers.layers import Layering, LayerRun, LayerSet
from qunce.members.message_texts.models import (
    MessageDay,
    MessageText,
    MessageTextRetention,
)
from qunce.members.people.merges import Merge
from qunce.members.people.notes import Note
from qunce.members.people.remark_names import RemarkPattern
from qunce.members.saved_views.models import ListLayout, SavedView
from qunce.members.scores.models import Score, ScoreVersion
from qunce.members.segments.frozen import FrozenSegment
from qunce.members.segments.segments import Segment, SegmentSize
from qunce.members.segments.watches import SegmentWatch
from qunce.members.staff_in_charge.models import HandOver, HandOverChange, InCharge
from qunce.members.tag_rules.models import TagRule, TagRuleChange, TagRuleRun
from qunce.members.tags.models import (
    DismissedDuplicate,
    Synonym,
    Tag,
    TagBatch,
    TagChange,
    Tagging,
    TagGroup,
    TagJob,
    TagMerge,
)

__all__ = [
    "Account",
    "Attribute",
    "AttributeValue",
    "Consent",
    "DismissedDuplicate",
    "ErasedText",
    "FrozenSegment",
    "HandOver",
    "HandOverChange",
    "Identifier",
    "InCharge",
    "LayerRun",
    "LayerSet",
    "Layering",
    "ListLayout",
    "Merge",
    "MessageDay",
    "MessageText",
    "MessageTextRetention",
    "Note",
    "PastIdentifier",
    "PastValue",
    "Placeholder",
    "RemarkPattern",
    "SavedView",
    "Score",
    "ScoreVersion",
    "Segment",
    "SegmentSize",
    "SegmentWatch",
    "SharedIdentifier",
    "Suppression",
    "SuppressionSecret",
    "Synonym",
    "Tag",
    "TagBatch",
    "TagChange",
    "TagGroup",
    "TagJob",
    "TagMerge",
    "TagRule",
    "TagRuleChange",
    "TagRuleRun",
    "Tagging",
    "TypeChangeJob",
]
