"""Child processes of the crash tests of imports, in a data directory of their own.

    python -m tests.faults.import_child run ARGUMENTS…    a command of `qunce`, in small steps
    python -m tests.faults.import_child dump PATH         all that imports write, as text
    python -m tests.faults.import_child create            a migrated home with a community

Ids differ between two runs that are alike, so that the dump names what they stand for.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import django

KEY = "faulty"
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
            CASE WHEN k.name LIKE 'order.%%' OR f.key IS NOT NULL THEN f.payload END
        FROM core_fact f JOIN core_interned_name k ON k.id = f.kind_id
        LEFT JOIN sets_alias s ON s.account_id = f.account_id
        LEFT JOIN members_account a ON a.id = coalesce(s.person_id, f.account_id)
        LEFT JOIN groups_group g ON g.id = f.group_id""",
    "problems": "SELECT row, field, value, remedy FROM importing_problem",
    "undo": "SELECT counts, kept FROM importing_undo",
    "kept": "SELECT subject, reason FROM importing_undo_remainder",
}


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


def dump(path: str) -> int:
    from django.db import connection

    lines: Counter[str] = Counter()
    with connection.cursor() as cursor:
        for name, sql in TABLES.items():
            cursor.execute(sql)
            for row in cursor.fetchall():
                lines[json.dumps([name, *row], default=str, ensure_ascii=False)] += 1
        cursor.execute(
            "SELECT target, state, rows_read, rows_broken, counts FROM importing_job"
        )
        for target, state, rows_read, rows_broken, counts in cursor.fetchall():
            counts = json.loads(counts) if isinstance(counts, str) else counts
            report = {name: counts[name] for name in sorted(counts) if counts[name]}
            lines[
                json.dumps(["job", target, state, rows_read, rows_broken, report])
            ] += 1
    Path(path).write_text(
        "".join(f"{n}\t{line}\n" for line, n in sorted(lines.items()))
    )
    return 0


def state() -> int:
    from qunce.importing.jobs.jobs import ImportJob

    print(ImportJob.objects.values_list("state", flat=True).order_by("-pk").first())
    return 0


def create() -> int:
    from django.conf import settings
    from django.core.management import call_command

    from tests.sets import logs

    for alias in settings.DATABASES:
        call_command("migrate", database=alias, verbosity=0)
    logs.create_community(KEY)
    return 0


COMMANDS: dict[str, Callable[..., int]] = {
    "run": run,
    "dump": dump,
    "create": create,
    "state": state,
}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qunce.settings")
    django.setup()
    sys.exit(COMMANDS[sys.argv[1]](*sys.argv[2:]))
