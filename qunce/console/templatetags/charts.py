"""Template tags for charts and sparklines."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from qunce.insight import chart_script, geometry
from qunce.insight.charts import Figure

register = template.Library()


@register.simple_tag
def chart_bundle() -> str:
    return reverse("insight:chart-script", args=[chart_script.name()])


@register.simple_tag
def chart_rows(figure: Figure) -> SafeString:
    """The rows of the table below a chart: a page has thousands of its cells."""
    return format_html_join(
        "",
        '<tr><th scope="row">{}</th>{}</tr>',
        (
            (
                day,
                format_html_join(
                    "", '<td class="num">{}</td>', ((cell,) for cell in rest)
                ),
            )
            for day, *rest in figure.formatted_rows
        ),
    )


@register.inclusion_tag("console/parts/spark.html")
def sparkline(values: Sequence[float], label: str) -> dict[str, object]:
    return {"points": geometry.sparkline(values), "label": label}
