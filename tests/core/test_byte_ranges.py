"""Ranges of files, as players of videos ask for them (RFC 9110, section 14)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qunce.core.web import byte_ranges

CONTENT = bytes(range(200))
ENDS = st.one_of(st.just(""), st.integers(0, 260).map(str))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.write_bytes(CONTENT)
    return file


def oracle(header: str) -> tuple[int, bytes]:
    """Byte by byte: status and content."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", header)
    first, last = found.groups() if found else ("", "")
    if first and last and int(last) < int(first):
        return 200, CONTENT
    if first:
        kept = [n for n in range(200) if n >= int(first) and n <= int(last or 10**9)]
    elif last:
        kept = [n for n in range(200) if n >= 200 - int(last)]
    else:
        return 200, CONTENT
    return (206, bytes(kept)) if kept else (416, b"")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=ENDS, last=ENDS)
def test_a_range_has_exactly_its_bytes(path: Path, first: str, last: str) -> None:
    header = f"bytes={first}-{last}"
    found = byte_ranges.respond(path, method="GET", headers={"Range": header})
    content = b"".join(found.chunks)
    assert (found.status, content) == oracle(header)
    if found.status == 206:
        start = CONTENT.index(content)
        end = start + len(content) - 1
        assert found.headers["Content-Range"] == f"bytes {start}-{end}/200"
    if found.status == 416:
        assert found.headers["Content-Range"] == "bytes */200"
    else:
        assert found.headers["Content-Length"] == str(len(content))


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {"Range": "bytes=0-9"}),
        ("GET", {"Range": "bytes=0-9", "If-Range": '"other"'}),
        ("GET", {"Range": "bytes=0-9,20-29"}),
        ("GET", {"Range": "items=0-9"}),
        ("GET", {"Range": f"bytes={'9' * 5_000}-"}),
    ],
)
def test_what_is_no_range_gets_the_whole_file(
    path: Path, method: str, headers: dict[str, str]
) -> None:
    found = byte_ranges.respond(path, method=method, headers=headers, etag="mine")
    assert (found.status, b"".join(found.chunks)) == (200, CONTENT)
    assert found.headers["ETag"] == '"mine"'
    wanted = {"Range": "bytes=0-9", "If-Range": '"mine"'}
    part = byte_ranges.respond(path, method="GET", headers=wanted, etag="mine")
    assert part.status == 206
