"""Idempotency keys: a repeated request gets the stored response and is not run again.

The response is stored in the transaction of the change, so a crash leaves both or
neither. A failed request changed nothing, so its response is not stored. Of the others
only the status, ids and counts are stored: no names, no texts, no secrets.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _

from qunce.core import db, errors, permissions, personal_texts, timestamps
from qunce.core.personal_texts import ErasedPerson
from qunce.core.staff.api_keys import ApiKey

if TYPE_CHECKING:  # auth imports ninja, and every command imports our tables
    from qunce.api.auth import ApiRequest

HEADER = "Idempotency-Key"
RETENTION = timedelta(days=1)
MAX_KEY_LENGTH = 255
FILES = ("/member-exports",)
"""Ends of the paths whose answers are files, which cannot be stored."""
STREAMS = ("/facts/stream",)
"""Ends of the paths whose bodies are read while they arrive, and by one reader only."""


class StoredResponse(models.Model):
    """The response to a request.

    `digest` is the SHA-256 of its method, path with query, and body. `permissions` are
    those that it needed.
    """

    api_key_id = models.BigIntegerField()
    key = models.CharField(max_length=MAX_KEY_LENGTH)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.TextField(default="")
    permissions: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    created_at = timestamps.TimestampField()

    class Meta:
        db_table = "api_stored_response"
        constraints = [
            models.UniqueConstraint(
                fields=["api_key_id", "key"], name="one_response_per_idempotency_key"
            )
        ]
        indexes = [models.Index(fields=["created_at"], name="stored_responses_by_age")]

    def __str__(self) -> str:
        return self.key


class IdempotencyKeyReused(errors.Invalid):
    """This Idempotency-Key was used for another request."""


class InvalidIdempotencyKey(errors.Invalid):
    """An Idempotency-Key has 1 to 255 characters."""


INSERT_CLAIM = """
INSERT INTO api_stored_response (api_key_id, "key", digest, status, body, permissions,
    created_at) VALUES (%s, %s, %s, 0, '', '[]', %s)
ON CONFLICT (api_key_id, "key") DO NOTHING
"""


def replay_or_run(
    request: ApiRequest, key: str, run: Callable[[], HttpResponse]
) -> HttpResponse:
    """Return the stored response of this key, or run the request and store its response.

    A second request with the same key waits until the first one has ended.
    """
    if not 0 < len(key) <= MAX_KEY_LENGTH:
        raise InvalidIdempotencyKey(
            _("An Idempotency-Key has 1 to %(n)s characters.") % {"n": MAX_KEY_LENGTH}
        )
    if request.path.rstrip("/").endswith(STREAMS):
        raise InvalidIdempotencyKey(
            _(
                "A stream cannot have an Idempotency-Key. Give each fact a key instead: a"
                " fact with a known key is not recorded again."
            )
        )
    if request.path.rstrip("/").endswith(FILES):
        raise InvalidIdempotencyKey(
            _("An export cannot have an Idempotency-Key, as files are not kept.")
        )
    text = f"{request.method} {request.get_full_path()}\n".encode() + request.body
    digest = hashlib.sha256(text).hexdigest()
    with transaction.atomic():
        # Deleted here, as the table is small and needs no job of its own.
        oldest = timestamps.to_micros(request.at - RETENTION)
        StoredResponse.objects.filter(created_at__lt=oldest).delete()
        # The row is locked from here on, which makes a concurrent request wait.
        claim = [request.key.pk, key, digest, timestamps.to_micros(request.at)]
        if not db.execute(INSERT_CLAIM, claim):
            return _replay(request, key, digest)
        with permissions.recording() as needed:
            response = run()
        # Also takes back the claim, so that the key can be used again.
        if response.status_code >= 400:
            transaction.set_rollback(True)
            return response
        stored = StoredResponse.objects.filter(api_key_id=request.key.pk, key=key)
        # In the transaction of the change: nobody can see one without the other.
        stored.update(
            status=response.status_code,
            body=_ids_and_counts(response),
            permissions=sorted(needed),
        )
        return response


def erase(person: ErasedPerson) -> None:
    """Delete the stored responses whose key, which programs choose, names the person."""
    keys = ApiKey.objects.filter(community_id=person.community_id)
    rows = StoredResponse.objects.filter(api_key_id__in=keys.values("pk"))
    for row in rows.iterator():
        if person.is_named_in([row.key, json.loads(row.body or "null")]):
            row.delete()


personal_texts.register(erase)


def _ids_and_counts(response: HttpResponse) -> str:
    """The fields of a JSON object that are numbers, and the ids of the objects in it."""
    if not response.content or "json" not in response.get("Content-Type", ""):
        return ""
    return json.dumps(_reduce(json.loads(response.content)))


def _reduce(value: Any) -> Any:
    """Numbers of the answer, and ids of the objects in its lists.

    Not what is nested deeper: names of tags and the like are fields there.
    """
    if isinstance(value, list):
        return [_id_of(item) for item in value]
    if not isinstance(value, dict):
        return None
    return {
        name: [_id_of(item) for item in part] if isinstance(part, list) else part
        for name, part in value.items()
        if isinstance(part, int | list)
    }


def _id_of(item: Any) -> Any:
    if isinstance(item, dict) and isinstance(item.get("id"), int):
        return {"id": item["id"]}
    return item if isinstance(item, int) else None


def _check_rights_of_today(request: ApiRequest, stored: StoredResponse) -> None:
    """Raise what a request would get today that the caller may no longer make."""
    for permission in stored.permissions:
        permissions.check_may(request.by, permission)
    changed_at = request.by.scope_changed_at
    if changed_at is not None and changed_at > stored.created_at:
        raise permissions.ScopeTooNarrow(
            _("What you see has changed since this request was answered.")
        )


def _replay(request: ApiRequest, key: str, digest: str) -> HttpResponse:
    stored = StoredResponse.objects.get(api_key_id=request.key.pk, key=key)
    if stored.digest != digest:
        raise IdempotencyKeyReused(
            _("This Idempotency-Key was used for another request; choose a new one.")
        )
    _check_rights_of_today(request, stored)
    response = HttpResponse(
        stored.body,
        status=stored.status,
        content_type="application/json; charset=utf-8",
    )
    response["Idempotency-Replayed"] = "true"
    return response
