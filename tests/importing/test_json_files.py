"""Lines of JSON are read by the block, and mean what the parser makes of each alone."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qunce.core import json_values
from qunce.importing.files import json_files, json_shapes

HEADINGS = ["a", "b"]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.sampled_from(
        [0.5, "x", "", "{", "[{", '{"a":1', "NaN", "1e5", ",}", "茶", '"']
    ),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    ),
    max_leaves=5,
)
SURPRISES = [
    '{"a":NaN}',
    '{"a":-inf}',
    '{"a": Infinity,"b":1}',
    '{"a":1,}',
    '{"a":[1 , ]}',
    '{"a":1,"a":2}',
    '{"a":{"b":1,"b":2}}',
    '{"a":{"b":1,"c":2},"b":{"b":1,"b":1}}',
    '{"a":[{"b":1,"b":2}]}',
    '{"a":{"b":{"c":1,"c":2}}}',
    '{"\\u0061":1,"a":2}',
    '{"a":"{\\"b\\":1,\\"b\\":2}"}',
    '{"a":' + "9" * 5000 + "}",
    '{"a":' + "[1," * 300 + "1" + "]" * 300 + "}",
    '{"a":1}{"b":2}',
    '{"a":1},{"b":2}',
    '{"a":[1',
    "2]}",
    "[1]",
    "null",
    '"a"',
    "{}",
    "",
    "  ",
    ' {"a":1} ',
    "{'a':1}",
    '{"a":01}',
    '{"a":"\\ud800"}',
    "x",
]
LINES = st.lists(
    st.dictionaries(st.sampled_from([*HEADINGS, "c"]), VALUES, max_size=3).map(
        lambda value: json.dumps(value, ensure_ascii=False)
    )
    | st.sampled_from(SURPRISES),
    max_size=6,
)


def read(
    lines: list[str],
) -> tuple[list[tuple[int, str | None, str | None]], list[int]]:
    column = pa.array(lines, pa.string())
    (batch,) = json_files.parse_lines(iter([column]), HEADINGS)
    texts = [values.to_pylist() for values in batch.columns]
    valid = list(zip(batch.row_numbers.tolist(), *texts, strict=True))
    return valid, [row.row for row in batch.broken]


@given(LINES)
@example(SURPRISES)
def test_lines_are_read_as_the_parser_reads_them(lines: list[str]) -> None:
    valid, broken = read(lines)
    expected, refused = [], []
    for number, line in enumerate(lines, start=1):
        try:
            expected.append((number, json_values.parse_object(line.encode())))
        except json_values.InvalidJson:
            if line.strip():
                refused.append(number)
    assert broken == refused
    assert [row[0] for row in valid] == [number for number, _value in expected]
    for (_number, *texts), (_again, value) in zip(valid, expected, strict=True):
        for heading, text in zip(HEADINGS, texts, strict=True):
            field = value.get(heading)
            if isinstance(field, dict | list):
                assert json_values.parse(str(text).encode()) == field
            elif isinstance(field, str) or field is None:
                assert text == (field or None)
            else:
                assert json_values.parse(str(text).encode()) == field


@given(st.lists(VALUES.map(json.dumps) | st.sampled_from(SURPRISES), max_size=6))
def test_objects_that_are_not_doubtful_are_valid(texts: list[str]) -> None:
    column = pa.array([*texts, None], pa.string())
    cursor = json_files.connection().cursor()
    doubtful = json_shapes.find_doubtful_objects(cursor, column)
    assert not doubtful[-1]
    for text, is_doubtful in zip(texts, doubtful.tolist(), strict=False):
        if not is_doubtful:
            json_values.parse_object(text.encode())


@pytest.mark.parametrize(
    "line", ['{"a":1}', '{"a":{"b":"x"},"b":[1,2]}', '{"a":"NaN."}']
)
def test_plain_objects_are_not_doubtful(line: str) -> None:
    assert not json_shapes.find_doubtful(pa.array([line] * 3)).any()
    hashes = pa.array(np.zeros(3, dtype=np.uint64))
    assert not json_shapes.find_invalid_shapes(pa.array([line] * 3), hashes).any()
