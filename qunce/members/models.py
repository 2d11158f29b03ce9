from __future__ import annotations

from qunce.members.attributerows import AttributeValue, PastValue
from qunce.members.attributes import Attribute
from qunce.members.importing.jobs import ImportJob, ImportProblem
from qunce.members.importing.uploads import Upload
from qunce.members.layers import Layering, LayerRun, LayerSet
from qunce.members.merges import Merge
from qunce.members.notes import Note
from qunce.members.remarks import Pattern
from qunce.members.roster import Account, Identifier
from qunce.members.segments import FrozenSegment, Segment, SegmentSize
from qunce.members.tagjobs import TagJob
from qunce.members.tagrows import TagBatch, TagChange, Tagging
from qunce.members.tags import Synonym, Tag, TagGroup
from qunce.members.tagtwins import KeptApart

__all__ = [
    "Account",
    "Attribute",
    "AttributeValue",
    "FrozenSegment",
    "Identifier",
    "ImportJob",
    "ImportProblem",
    "KeptApart",
    "LayerRun",
    "LayerSet",
    "Layering",
    "Merge",
    "Note",
    "PastValue",
    "Pattern",
    "Segment",
    "SegmentSize",
    "Synonym",
    "Tag",
    "TagBatch",
    "TagChange",
    "TagGroup",
    "TagJob",
    "Tagging",
    "Upload",
]
