"""Child processes of the crash tests of imports, in a data directory of their own.

python -m tests.faults.import_child create            a migrated home with a community
python -m tests.faults.import_child run ARGUMENTS…    a command of `qunce`, in small steps
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import django

KEY = "faulty"


def run(*arguments: str) -> int:
    """Run a command, in many parts, chunks and batches."""
    from django.conf import settings

    from qunce.cli import main as cli
    from qunce.core import batch_writes
    from qunce.importing.targets.facts import spill
    from qunce.sets import doctor  # noqa: F401 - what else takes long to load

    rows = int(os.environ.get("FAULTS_CHUNK_ROWS", "20000"))
    settings.IMPORT_CHUNK_ROWS = rows
    spill.ROWS_PER_PART = max(rows // 4, 1)
    batch_writes.MAX_ROWS = min(batch_writes.MAX_ROWS, max(rows // 10, 20))
    print("ready", flush=True)
    return cli.main([*arguments])


def create() -> int:
    from django.conf import settings

    from qunce.core import data_dir
    from tests.sets import logs

    for alias in settings.DATABASES:
        data_dir.migrate(alias)
    logs.create_community(KEY)
    return 0


COMMANDS: dict[str, Callable[..., int]] = {"create": create, "run": run}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qunce.settings")
    django.setup()
    sys.exit(COMMANDS[sys.argv[1]](*sys.argv[2:]))
