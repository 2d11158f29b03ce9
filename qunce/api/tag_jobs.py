"""Tagging of all members who match a rule, in the background."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Router, Status

from qunce.api import schemas, tags
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.members.tags import bulk
from qunce.members.tags.models import TagJob
from qunce.sets import audiences

router = Router(auth=RequiresScope("tags"), tags=["tags"])


class TagJobIn(schemas.InputSchema):
    """`depth` is such as `+1` or `3`; without it, the tag is added at depth 1.

    The tag is removed again at `expires_at`.
    """

    rule: schemas.Rule
    action: Literal["apply", "remove"] = "apply"
    depth: Annotated[str, Field(max_length=40)] = ""
    expires_at: schemas.Timestamp | None = None


class TagJobOut(schemas.OutputSchema):
    """`done` of `size` members are tagged; `batch_id` undoes all of it."""

    id: int
    tag_id: int
    action: str
    size: int
    done: int
    error: str
    batch_id: int
    started_at: datetime
    finished_at: datetime | None


def _serialize(job: TagJob) -> dict[str, Any]:
    names = ("tag_id", "action", "size", "done", "error", "batch_id", "finished_at")
    fields = {name: getattr(job, name) for name in names}
    return fields | {"id": job.pk, "started_at": job.at}


@router.post("/tags/{tag_id}/jobs", response={202: TagJobOut})
def start(request: ApiRequest, tag_id: schemas.Id, data: TagJobIn) -> Any:
    """Add a tag to all members who match a rule, or remove it, in the background."""
    by, at = request.by, request.at
    tag = tags.get_tag(request, tag_id)
    people = audiences.people(community=request.community, rule=data.rule, by=by, at=at)
    given = data.model_dump(exclude={"rule"})
    return Status(
        202, _serialize(bulk.start(tag=tag, people=people, by=by, at=at, **given))
    )


@router.get("/tag-jobs/{tag_job_id}", response=TagJobOut)
def get(request: ApiRequest, tag_job_id: schemas.Id) -> dict[str, Any]:
    """Get a tagging in the background, and how far it is."""
    return _serialize(bulk.get(by=request.by, pk=tag_job_id))
