from __future__ import annotations

from qunce.importing.jobs.jobs import ImportJob, ImportProblem
from qunce.importing.jobs.journal import ImportChange
from qunce.importing.jobs.uploads import Upload
from qunce.importing.plan.answers import ImportAnswer
from qunce.importing.undo.undos import ImportUndo, UndoRemainder

__all__ = [
    "ImportAnswer",
    "ImportChange",
    "ImportJob",
    "ImportProblem",
    "ImportUndo",
    "UndoRemainder",
    "Upload",
]
