from __future__ import annotations

from qunce.importing.answers import ImportAnswer
from qunce.importing.jobs import ImportJob, ImportProblem
from qunce.importing.journal import ImportChange
from qunce.importing.undo.undos import ImportUndo, UndoRemainder
from qunce.importing.uploads import Upload

__all__ = [
    "ImportAnswer",
    "ImportChange",
    "ImportJob",
    "ImportProblem",
    "ImportUndo",
    "UndoRemainder",
    "Upload",
]
