from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.sets import log
from qunce.sets.mirror import files
from qunce.sets.mirror.files import FilePart


def piece(
    first: int, last: int, *, version: int = 0, part: int = 0, parts: int = 1
) -> FilePart:
    return FilePart(first, last, version, part, parts, last - first + 1)


def spans(pieces: list[FilePart], upto: int) -> list[tuple[int, int]]:
    chosen = files.choose_coverage(pieces, upto)
    assert not chosen.gaps
    return [(segment.first, segment.last) for segment in chosen.files]


def test_a_name_says_all_that_a_piece_is() -> None:
    each = FilePart(17, 2**62, 3, 1, 2, 4711)
    assert files.parse_name(each.name) == each
    assert files.parse_name("growing-1-0.parquet") is None
    assert files.parse_name(f"{each.name}.tmp") is None


def test_the_widest_stand_in_for_those_they_were_merged_from() -> None:
    small = [piece(1, 5), piece(6, 9), piece(10, 12)]
    assert spans([*small, piece(1, 9)], 12) == [(1, 9), (10, 12)]


def test_what_lies_beyond_the_position_is_not_there() -> None:
    assert spans([piece(1, 5), piece(6, 9)], 5) == [(1, 5)]


def test_a_reader_who_is_behind_reads_the_narrow_ones() -> None:
    pieces = [piece(1, 5), piece(6, 9), piece(1, 9)]
    assert spans(pieces, 5) == [(1, 5)]


def test_of_two_versions_the_later_counts() -> None:
    chosen = files.choose_coverage([piece(1, 5), piece(1, 5, version=1)], 5)
    assert [segment.version for segment in chosen.files] == [1]


def test_a_segment_with_a_piece_missing_is_none() -> None:
    half = piece(1, 9, part=0, parts=2)
    chosen = files.choose_coverage([half, piece(1, 4)], 9)
    assert chosen.gaps == ((4, 9),)
    assert spans([half, piece(1, 9, part=1, parts=2)], 9) == [(1, 9)]


@given(st.data())
def test_any_merging_covers_each_position_once(data: st.DataObject) -> None:
    """Segments are laid and runs of them merged at will; some old ones are gone."""
    ends = sorted(data.draw(st.sets(st.integers(1, 200), min_size=1, max_size=30)))
    pieces = [piece(a + 1, b) for a, b in zip([0, *ends], ends, strict=False)]
    current = list(pieces)
    for _ in range(data.draw(st.integers(0, 5))):
        start = data.draw(st.integers(0, len(current) - 1))
        stop = data.draw(st.integers(start + 1, len(current)))
        run = current[start:stop]
        if len(run) < 2:
            continue
        wide = piece(run[0].first, run[-1].last)
        pieces.append(wide)
        current[start:stop] = [wide]
        if data.draw(st.booleans()):
            pieces = [each for each in pieces if each not in run or each == wide]
    chosen = files.choose_coverage(data.draw(st.permutations(pieces)), ends[-1])
    reached = 0
    for segment in chosen.files:
        assert segment.first == reached + 1
        reached = segment.last
    assert reached == ends[-1] and not chosen.gaps
    # The cover is the newest state: nothing wider is left unused.
    assert [(s.first, s.last) for s in chosen.files] == [
        (each.first, each.last) for each in current
    ]


def test_a_file_is_there_as_a_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="no space"):
        files.write_part(tmp_path, log.SCHEMA.empty_table(), piece(1, 2).name)
    assert files.list_parts(tmp_path) == []


def test_rows_are_clustered_by_kind_and_account(tmp_path: Path) -> None:
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
