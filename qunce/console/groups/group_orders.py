"""The order of groups that each staff member chose last."""

from __future__ import annotations

from django.db import models

from qunce.core.staff.models import Staff


class GroupOrder(models.Model):
    """The order of groups that a staff member chose last."""

    staff = models.OneToOneField(
        Staff, models.CASCADE, primary_key=True, related_name="+"
    )
    order = models.CharField(max_length=20)

    def __str__(self) -> str:
        return self.order


def find(staff: Staff) -> str:
    """Return the chosen order, "" for none."""
    chosen = GroupOrder.objects.filter(staff=staff).values_list("order", flat=True)
    return next(iter(chosen), "")


def choose(staff: Staff, order: str) -> None:
    GroupOrder.objects.update_or_create(staff=staff, defaults={"order": order})
