"""How the sweep calls verbs: files and programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qunce.importing.jobs import jobs, uploads
from qunce.importing.plan.options import ImportOptions
from qunce.ingest.incoming_facts import IncomingFact
from tests.access.cases.base import after, both, case, just, one, using
from tests.access.world import World

OPTIONS = ImportOptions(target="members", mapping={"key": "key"})
MEMBERS_FILE = using(lambda w: {"source": uploads.get_source(w.get("upload"))})


def received(world: World) -> dict[str, Any]:
    path: Path = uploads.new_upload_path(world.community)
    path.write_text("key,name\nann,Ann\n")
    return {"path": path, "name": "new.csv"}


def reported(world: World) -> dict[str, Any]:
    account = world.ids["account"]
    fact = IncomingFact("shop.visited", world.at, account=account, key="visit")
    return {"incoming": [fact]}


QUEUED = using(
    lambda w: {
        "upload": w.get("upload"),
        "digest": "0",
        "options": jobs.options_of(w.get("job")),
    }
)
case(
    "importing.background_imports",
    start=after(jobs.cancel, one("job"), one("upload")),
    retry=after(jobs.cancel, one("job"), one("job", mode="upsert")),
    resume=after(jobs.cancel, one("job")),
    plan_upload=one("upload"),
)
case("importing.jobs.error_report", log_download=one("job"))
case(
    "importing.jobs.jobs",
    find_or_create=just(file_name="a.csv", digest="0", options=OPTIONS),
    start=after(jobs.cancel, one("job"), QUEUED),
    cancel=one("job"),
    resume=after(jobs.cancel, one("job")),
)
case("importing.jobs.join_report", load=one("job"))
case(
    "importing.jobs.uploads",
    accept=received,
    set_options=one("upload", options=OPTIONS),
    change_options=one("upload", mode="upsert"),
    select_sheet=one("upload", sheet="", encoding="utf-8"),
    discard=lambda w: {"upload": uploads.accept(**received(w), by=w.owner, at=w.at)},
)
case("importing.pipeline", plan=both(MEMBERS_FILE, just(options=OPTIONS)))
case("importing.plan_review", review=one("upload"))
case("importing.undo.undos", start=one("job"))
case("ingest", record_facts=reported)
