"""Template tags for charts and sparklines."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.urls import reverse

from qunce.insight import chart_script, geometry

register = template.Library()


@register.simple_tag
def chart_bundle() -> str:
    return reverse("insight:chart-script", args=[chart_script.name()])


@register.inclusion_tag("console/parts/spark.html")
def sparkline(values: Sequence[float], label: str) -> dict[str, object]:
    return {"points": geometry.sparkline(values), "label": label}
