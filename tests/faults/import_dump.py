"""All that imports write, as text, read from the database without Django.

Ids differ between two runs that are alike, so that the dump names what they stand for.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

TABLES = {
    "accounts": """
        SELECT key, channel, name, joined_at, left_at, rejoined_at, present
        FROM members_account""",
    "identifiers": """
        SELECT a.key, i.kind, i.value FROM members_identifier i
        JOIN members_account a ON a.id = i.account_id""",
    "past identifiers": """
        SELECT a.key, i.kind, i.value FROM members_pastidentifier i
        JOIN members_account a ON a.id = i.account_id""",
    "shared": "SELECT kind, value, account_count FROM members_sharedidentifier",
    "people": """
        SELECT a.key, p.key FROM sets_alias s JOIN members_account a ON a.id = s.account_id
        JOIN members_account p ON p.id = s.person_id""",
    "merges": """
        SELECT l.key, r.key, m.reason, m.value, m.undone_at FROM members_merge m
        JOIN members_account l ON l.id = m.left_id
        JOIN members_account r ON r.id = m.right_id""",
    "values": """
        SELECT a.key, t.name, v.number, v.text, v.present FROM members_attributevalue v
        JOIN members_account a ON a.id = v.account_id
        JOIN members_attribute t ON t.id = v.attribute_id""",
    "past values": """
        SELECT a.key, t.name, v.number, v.text FROM members_pastvalue v
        JOIN members_account a ON a.id = v.account_id
        JOIN members_attribute t ON t.id = v.attribute_id""",
    "taggings": """
        SELECT a.key, t.key, g.weight, g.present, g.tagged_at FROM members_tagging g
        LEFT JOIN sets_alias s ON s.account_id = g.account_id
        JOIN members_account a ON a.id = coalesce(s.person_id, g.account_id)
        JOIN members_tag t ON t.id = g.tag_id""",
    "memberships": """
        SELECT a.key, g.key, m.role, m.joined_at, m.left_at, m.present
        FROM groups_membership m JOIN members_account a ON a.id = m.account_id
        JOIN groups_group g ON g.id = m.group_id""",
    "stays": """
        SELECT a.key, g.key, m.role, m.joined_at, m.left_at
        FROM groups_stay m JOIN members_account a ON a.id = m.account_id
        JOIN groups_group g ON g.id = m.group_id""",
    "opt-outs": """
        SELECT a.key, o.present, o.source, o.set_at FROM outreach_optout o
        JOIN members_account a ON a.id = o.account_id""",
    "orders": """
        SELECT o.key, s.name, a.key, o.paid_at, o.amount, o.currency, o.items, o.details,
            o.refunded_at, o.refunded_amount, o.refunds
        FROM sales_order o JOIN core_interned_name s ON s.id = o.source_id
        LEFT JOIN members_account a ON a.id = o.account_id""",
    "facts": """
        SELECT k.name, a.key, g.key, f.happened_at, f.key,
            CASE WHEN k.name LIKE 'order.%' OR f.key IS NOT NULL THEN f.payload END
        FROM core_fact f JOIN core_interned_name k ON k.id = f.kind_id
        LEFT JOIN sets_alias s ON s.account_id = f.account_id
        LEFT JOIN members_account a ON a.id = coalesce(s.person_id, f.account_id)
        LEFT JOIN groups_group g ON g.id = f.group_id""",
    "problems": "SELECT row, field, value, remedy FROM importing_problem",
    "undo": "SELECT counts, remainder_count FROM importing_undo",
    "remainders": "SELECT subject, reason FROM importing_undo_remainder",
}
JOBS = """
    SELECT id, target, state, rows_read, rows_broken, error, counts
    FROM importing_job ORDER BY id"""


@contextlib.contextmanager
def connected(home: Path, url: str) -> Iterator[Any]:
    """Connect to the database of a home; the URL is that of PostgreSQL, or empty."""
    if url:
        with psycopg.connect(url) as server:
            yield server
        return
    connection = sqlite3.connect(home / "truth.sqlite3")
    try:
        yield connection
    finally:
        connection.close()


def load(home: Path, url: str) -> Counter[str]:
    """Return each row of the tables, each job and each line of a report as often as it is there."""
    lines: Counter[str] = Counter()
    with connected(home, url) as connection:
        for name, sql in TABLES.items():
            for row in connection.execute(sql):
                lines[_text(name, *row)] += 1
        for pk, *job, counts in connection.execute(JOBS).fetchall():
            found = json.loads(counts) if isinstance(counts, str) else counts
            lines[
                _text("job", *job, {n: found[n] for n in sorted(found) if found[n]})
            ] += 1
            report = home / "imports" / f"{pk}-broken.csv"
            if report.exists():
                lines.update(
                    _text("report", text)
                    for text in report.read_text("utf-8-sig").splitlines()
                )
    return lines


def _text(*cells: Any) -> str:
    return json.dumps(cells, default=str, ensure_ascii=False)


def last_state(home: Path, url: str) -> str:
    """Return the state of the newest import, empty without one."""
    with connected(home, url) as connection:
        sql = "SELECT state FROM importing_job ORDER BY id DESC LIMIT 1"
        row = connection.execute(sql).fetchone()
    return str(row[0]) if row else ""
