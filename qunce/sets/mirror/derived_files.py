"""The files of derived data that cannot be read: replaced, as all is derived again."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import connections

from qunce.core import damage, data_dir, db
from qunce.sets import derived_models
from qunce.sets.mirror import files


def replace_damaged() -> None:
    """Replace a damaged derived database by an empty one, and remove what is no mirror.

    Raises HomeInUse if a server is running: it would go on with the old file.
    """
    mirror = Path(settings.MIRROR)
    if mirror.exists() and not mirror.is_dir():
        mirror.unlink()
    alias = derived_models.db_alias()
    if db.is_postgresql() or not damage.find_in_file(alias):
        return
    with data_dir.exclusive():
        connections[alias].close()
        path = Path(str(settings.DATABASES[alias]["NAME"]))
        # A journal of the old file would be replayed into the new one.
        for name in (path, f"{path}-wal", f"{path}-shm"):
            files.remove(Path(name))
        data_dir.ready()
