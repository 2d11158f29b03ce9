"""A check of the doctor for the files of materials."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from qunce.outreach.content import files
from qunce.outreach.content.files import Depth
from qunce.sets.doctor import doctor
from qunce.sets.doctor.doctor import Finding

MAX_FINDINGS = 20


@doctor.register_check("files")
def check_files() -> Iterator[Finding]:
    """Files that are in use and are not on the disk as they were stored."""
    yield from itertools.islice(_findings(), MAX_FINDINGS)


def _findings() -> Iterator[Finding]:
    used = files.list_used().select_related("community").order_by("pk")
    for file in used.iterator():
        if damage := files.find_damage(file, Depth.CONTENT_AGAIN):
            yield Finding(damage.code, file.community.key, damage.text)
