"""Failed attempts to get in: each one waits longer than the last, for login and address."""

from __future__ import annotations

from django.db import models

from qunce.core import instants


class Attempt(models.Model):
    """`whom` is `login:ann` or `address:192.0.2.7`; forgotten once one gets in."""

    whom = models.CharField(max_length=200, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    last_at = instants.InstantField()
    barred_until = instants.InstantField()

    class Meta:
        indexes = [models.Index(fields=["last_at"], name="attempts_by_last")]

    def __str__(self) -> str:
        return self.whom
