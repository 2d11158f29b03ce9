from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.sets import log
from qunce.sets.mirror import files
from qunce.sets.mirror.files import FilePart


def part_of(
    first: int, last: int, *, version: int = 0, part: int = 0, parts: int = 1
) -> FilePart:
    return FilePart(first, last, version, part, parts, last - first + 1)


def spans(parts_: list[FilePart], until: int) -> list[tuple[int, int]]:
    chosen = files.choose_coverage(parts_, until)
    assert not chosen.gaps
    return [(file.first, file.last) for file in chosen.files]


def test_name_can_be_parsed_back() -> None:
    part = FilePart(17, 2**62, 3, 1, 2, 4711)
    assert files.parse_name(part.name) == part
    assert files.parse_name("growing-1-0.parquet") is None
    assert files.parse_name(f"{part.name}.tmp") is None


def test_merged_file_replaces_its_originals() -> None:
    small = [part_of(1, 5), part_of(6, 9), part_of(10, 12)]
    assert spans([*small, part_of(1, 9)], 12) == [(1, 9), (10, 12)]


def test_file_after_the_position_is_ignored() -> None:
    assert spans([part_of(1, 5), part_of(6, 9)], 5) == [(1, 5)]


def test_earlier_position_uses_the_original_files() -> None:
    parts_ = [part_of(1, 5), part_of(6, 9), part_of(1, 9)]
    assert spans(parts_, 5) == [(1, 5)]


def test_later_version_is_chosen() -> None:
    chosen = files.choose_coverage([part_of(1, 5), part_of(1, 5, version=1)], 5)
    assert [file.version for file in chosen.files] == [1]


def test_file_with_a_missing_part_is_ignored() -> None:
    half = part_of(1, 9, part=0, parts=2)
    chosen = files.choose_coverage([half, part_of(1, 4)], 9)
    assert chosen.gaps == ((4, 9),)
    assert spans([half, part_of(1, 9, part=1, parts=2)], 9) == [(1, 9)]


@given(st.data())
def test_coverage_has_each_coordinate_once_after_any_merges(
    data: st.DataObject,
) -> None:
    """Runs of files are merged at random, and some originals are removed."""
    ends = sorted(data.draw(st.sets(st.integers(1, 200), min_size=1, max_size=30)))
    parts_ = [part_of(a + 1, b) for a, b in zip([0, *ends], ends, strict=False)]
    current = list(parts_)
    for _ in range(data.draw(st.integers(0, 5))):
        start = data.draw(st.integers(0, len(current) - 1))
        stop = data.draw(st.integers(start + 1, len(current)))
        run = current[start:stop]
        if len(run) < 2:
            continue
        wide = part_of(run[0].first, run[-1].last)
        parts_.append(wide)
        current[start:stop] = [wide]
        if data.draw(st.booleans()):
            parts_ = [part for part in parts_ if part not in run or part == wide]
    chosen = files.choose_coverage(data.draw(st.permutations(parts_)), ends[-1])
    reached = 0
    for file in chosen.files:
        assert file.first == reached + 1
        reached = file.last
    assert reached == ends[-1] and not chosen.gaps
    # The widest files are used.
    assert [(s.first, s.last) for s in chosen.files] == [
        (part.first, part.last) for part in current
    ]


def test_file_is_not_published_if_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="no space"):
        files.write_part(tmp_path, log.SCHEMA.empty_table(), part_of(1, 2).name)
    assert files.list_parts(tmp_path) == []


def test_rows_are_sorted_by_kind_and_account(tmp_path: Path) -> None:
    times = {"happened_at": 0, "recorded_at": 0}
    rows = [
        {"id": n, "community": 1, "kind": n % 2, "account": n % 3 or None, **times}
        for n in range(12)
    ]
    table = pa.Table.from_pylist(rows, schema=log.SCHEMA)
    ordered = files.sort_facts(table).to_pylist()
    pairs = [(row["kind"], row["account"] or 0) for row in ordered]
    assert pairs == sorted(pairs)
    assert sorted(row["id"] for row in ordered) == list(range(12))
