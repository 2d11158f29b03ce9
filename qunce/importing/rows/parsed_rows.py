"""Keeps the checked chunks of a file on disk, so that it is parsed once."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from django.conf import settings

from qunce.importing.files.staging import StagingFolder
from qunce.importing.plan.plan import ImportPlan
from qunce.importing.rows.parsing import ParsedChunk


class KeptChunks:
    """Chunks that were yielded once by `keep`; the plan closes their file at its end."""

    def __init__(self, plan: ImportPlan) -> None:
        staging = StagingFolder(Path(settings.HOME) / "imports")
        plan.resources.callback(staging.close)
        # Without a name, so that a kill leaves nothing behind.
        self._file = tempfile.TemporaryFile(dir=staging.path)  # noqa: SIM115
        plan.resources.callback(self._file.close)
        self._chunks: list[tuple[ParsedChunk, list[str]]] = []

    def keep(self, chunks: Iterable[ParsedChunk]) -> Iterator[ParsedChunk]:
        for chunk in chunks:
            arrays = [pa.array(chunk.row_numbers), *chunk.columns.values()]
            batch = pa.record_batch(arrays, [str(n) for n in range(len(arrays))])
            with pa.ipc.new_stream(self._file, batch.schema) as stream:
                stream.write_batch(batch)
            # They have been reported.
            without_rows = dataclasses.replace(chunk, columns={}, problems=[])
            self._chunks.append((without_rows, list(chunk.columns)))
            yield chunk

    def read(self) -> Iterator[ParsedChunk]:
        self._file.seek(0)
        for chunk, names in self._chunks:
            with pa.ipc.open_stream(self._file) as stream:
                row_numbers, *columns = stream.read_all().combine_chunks().columns
            yield dataclasses.replace(
                chunk,
                columns={
                    name: column.combine_chunks()
                    for name, column in zip(names, columns, strict=True)
                },
                row_numbers=np.asarray(row_numbers).astype(np.int64),
            )
