"""The same request twice is done once: a program that got no answer just asks again.

The answer is kept in the transaction of what was done, so that a crash leaves both or
neither. What was refused changed nothing and is asked anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _

from qunce.core import db, errors, timestamps

if TYPE_CHECKING:  # it loads ninja, and every command loads our tables
    from qunce.api.auth import ApiRequest

HEADER = "Idempotency-Key"
RETENTION = timedelta(days=1)
MAX_KEY_LENGTH = 255


class StoredResponse(models.Model):
    """What was answered to a key's request; `digest` tells whether it is the same one."""

    api_key_id = models.BigIntegerField()
    key = models.CharField(max_length=MAX_KEY_LENGTH)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.TextField(default="")
    at = timestamps.TimestampField()

    class Meta:
        db_table = "api_stored_response"
        constraints = [
            models.UniqueConstraint(fields=["api_key_id", "key"], name="answer_is_once")
        ]
        indexes = [models.Index(fields=["at"], name="answers_by_age")]

    def __str__(self) -> str:
        return self.key


class KeyReused(errors.Invalid):
    """This Idempotency-Key belongs to another request."""


class InvalidIdempotencyKey(errors.Invalid):
    """An Idempotency-Key has 1 to 255 characters."""


INSERT_CLAIM = """
INSERT INTO api_stored_response (api_key_id, "key", digest, status, body, at)
VALUES (%s, %s, %s, 0, '', %s)
ON CONFLICT (api_key_id, "key") DO NOTHING
"""


def replay_or_run(
    call: ApiRequest, key: str, act: Callable[[], HttpResponse]
) -> HttpResponse:
    """Act, or answer as the first time. A second one at the same moment waits."""
    if not 0 < len(key) <= MAX_KEY_LENGTH:
        raise InvalidIdempotencyKey(
            _("An Idempotency-Key has 1 to %(n)s characters.") % {"n": MAX_KEY_LENGTH}
        )
    digest = _digest(call)
    with transaction.atomic():
        StoredResponse.objects.filter(
            at__lt=timestamps.to_micros(call.at - RETENTION)
        ).delete()
        given = [call.key.pk, key, digest, timestamps.to_micros(call.at)]
        if not db.execute(INSERT_CLAIM, given):
            return _again(call, key, digest)
        answer = act()
        if answer.status_code >= 400:
            transaction.set_rollback(True)
            return answer
        kept = StoredResponse.objects.filter(api_key_id=call.key.pk, key=key)
        kept.update(status=answer.status_code, body=answer.content.decode())
        return answer


def _again(call: ApiRequest, key: str, digest: str) -> HttpResponse:
    kept = StoredResponse.objects.get(api_key_id=call.key.pk, key=key)
    if kept.digest != digest:
        raise KeyReused(
            _("This Idempotency-Key was used for another request; choose a new one.")
        )
    answer = HttpResponse(
        kept.body, status=kept.status, content_type="application/json; charset=utf-8"
    )
    answer["Idempotency-Replayed"] = "true"
    return answer


def _digest(call: ApiRequest) -> str:
    said = f"{call.method} {call.get_full_path()}\n".encode() + call.body
    return hashlib.sha256(said).hexdigest()
