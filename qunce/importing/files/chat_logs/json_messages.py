"""Reads the list `messages` of an exported chat object by object, in little memory."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import IO, Any

from qunce.importing.files.chat_logs import log_format
from qunce.importing.files.rows import BrokenRow

BLOCK_BYTES = 1 << 20
MAX_OBJECT_LENGTH = 8 << 20
BEGIN = re.compile(r'"messages"\s*:\s*\[')
GAP = re.compile(r"[\s,]*")
DECODER = json.JSONDecoder()


def read_start(head: str) -> dict[str, Any]:
    """Return what stands before the messages; empty if that is no JSON object."""
    found = BEGIN.search(head)
    if found is None:
        return {}
    try:
        start = json.loads(f"{head[: found.end()]}]}}")
    except (ValueError, RecursionError):
        return {}
    return start if isinstance(start, dict) else {}


def iterate(stream: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]] | BrokenRow]:
    """Yield the messages with their line numbers; a broken row if the file is cut."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    buffer, position, line, is_over = "", 0, 1, False

    def read() -> bool:
        """Append to what is left of the buffer; whether there was more."""
        nonlocal buffer, position
        block = stream.read(BLOCK_BYTES)
        buffer = buffer[position:] + decoder.decode(block, final=not block)
        position = 0
        return bool(block)

    has_more = read()
    begin = BEGIN.search(buffer)
    if begin is None:
        yield log_format.cut_end(1, buffer[:200])
        return
    line += buffer.count("\n", 0, begin.end())
    position = begin.end()
    while not is_over:
        gap = GAP.match(buffer, position)
        end = gap.end() if gap else position
        line += buffer.count("\n", position, end)
        position = end
        if buffer[position : position + 1] == "]":
            is_over = True
            break
        try:
            value, end = _decode(buffer, position)
        except ValueError:
            if not has_more or len(buffer) - position > MAX_OBJECT_LENGTH:
                break
            has_more = read()
            continue
        if isinstance(value, dict):
            yield line, value
        line += buffer.count("\n", position, end)
        position = end
    while has_more:
        position = max(position, len(buffer) - 10)
        has_more = read()
    if not is_over or not buffer.rstrip().endswith("}"):
        yield log_format.cut_end(line, buffer[position : position + 200])


def _decode(text: str, position: int) -> tuple[Any, int]:
    """The value at a position and where it ends.

    Raises ValueError, also for what is nested more deeply than any message.
    """
    try:
        return DECODER.raw_decode(text, position)
    except RecursionError as error:
        raise ValueError(str(error)) from None
