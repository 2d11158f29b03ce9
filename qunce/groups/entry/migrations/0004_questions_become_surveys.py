"""The questions of each gate become a survey of its own, which only newcomers are asked."""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.groups.entry import gate_surveys
from qunce.members.surveys import questions as survey_questions


def convert(apps: Any, schema_editor: Any) -> None:
    gates = apps.get_model("entry", "EntryGate")
    surveys = apps.get_model("surveys", "Survey")
    versions = apps.get_model("surveys", "SurveyVersion")
    for gate in gates.objects.select_related("group", "community").order_by("pk"):
        if not gate.questions:
            continue
        rows = gate_surveys.to_survey(gate.questions, _types(apps, gate))
        try:
            found = survey_questions.to_rows(survey_questions.parse(rows))
        except survey_questions.InvalidQuestions as error:
            # Nobody enters without being asked: staff decide until somebody writes them.
            print(f"entry gate of {gate.group.name}: {error}; staff approve newcomers")
            gates.objects.filter(pk=gate.pk).update(needs_approval=True)
            continue
        with translation.override(gate.community.language):
            name = _("Entry: %(group)s") % {"group": gate.group.name[:60]}
        survey = surveys.objects.create(
            community_id=gate.community_id,
            name=name,
            state="open",
            rule={"any": []},
            draft=found,
            created_at=gate.changed_at,
            published_at=gate.changed_at,
            by_id=gate.by_id,
        )
        versions.objects.create(
            survey=survey,
            number=1,
            questions=found,
            published_at=gate.changed_at,
            by_id=gate.by_id,
        )
        gates.objects.filter(pk=gate.pk).update(asked_survey=survey, owns_survey=True)


def _types(apps: Any, gate: Any) -> dict[str, tuple[str, tuple[str, ...]]]:
    names = [each["attribute"] for each in gate.questions if each.get("attribute")]
    rows = apps.get_model("members", "Attribute").objects.filter(
        community_id=gate.community_id, name__in=names
    )
    return {row.name: (row.type, tuple(row.choices or ())) for row in rows}


class Migration(migrations.Migration):
    dependencies = [("entry", "0003_asks_a_survey")]

    operations = [migrations.RunPython(convert, migrations.RunPython.noop)]
