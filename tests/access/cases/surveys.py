"""How the sweep calls verbs: surveys."""

from __future__ import annotations

from typing import Any

from qunce.members.attributes import attributes
from qunce.members.surveys import responses, surveys
from qunce.members.surveys.models import Survey, SurveyConflict
from tests.access.cases.base import Case, both, case, just
from tests.access.world import World

QUESTIONS = [{"key": "s", "kind": "nps", "text": "Recommend?"}]


def draft(world: World) -> dict[str, Any]:
    return {
        "survey": surveys.create(
            community=world.community,
            name="March",
            draft=QUESTIONS,
            by=world.owner,
            at=world.at,
        )
    }


def made_open(world: World) -> Survey:
    survey: Survey = draft(world)["survey"]
    surveys.publish(survey=survey, by=world.owner, at=world.at)
    return survey


def opened(world: World) -> dict[str, Any]:
    return {"survey": made_open(world)}


def closed(world: World) -> dict[str, Any]:
    survey = made_open(world)
    surveys.close(survey=survey, by=world.owner, at=world.at)
    return {"survey": survey}


def survey_pk(world: World) -> dict[str, Any]:
    return {"pk": made_open(world).pk}


def survey_key(world: World) -> dict[str, Any]:
    return {"key": made_open(world).public_id}


def response_pk(world: World) -> dict[str, Any]:
    done = responses.submit(
        survey=made_open(world),
        account_id=world.ids["account"],
        answers={"s": 9},
        source="portal",
        at=world.at,
    )
    assert done.response is not None
    return {"pk": done.response.pk}


def conflict_pk(world: World) -> dict[str, Any]:
    attribute = attributes.define(
        community=world.community, name="cups", type="text", by=world.owner, at=world.at
    )
    row = SurveyConflict.objects.create(
        survey=made_open(world),
        account_id=world.ids["account"],
        question="s",
        attribute_id=attribute.pk,
        value="9",
        asked_at=world.at,
    )
    return {"pk": row.pk, "take": True}


def submission(world: World) -> dict[str, Any]:
    return {
        "survey": made_open(world),
        "account_id": world.ids["account"],
        "answers": {"s": 9},
        "source": "staff",
    }


TEXTS: Case = both(opened, just(question="s"))
case(
    "members.surveys.surveys",
    create=just(name="March"),
    update=both(draft, just(name="April")),
    publish=draft,
    close=opened,
    reopen=closed,
    ask_again=opened,
    delete_draft=draft,
    get=survey_pk,
    get_by_key=survey_key,
    list_all=just(),
)
case(
    "members.surveys.responses",
    get=response_pk,
    delete=response_pk,
    submit=submission,
)
case(
    "outreach.survey_requests",
    draft=both(opened, just(occasion="case", time="19:00", channel="assisted")),
)
case("members.surveys.results", compute=opened, list_texts=TEXTS)
case("members.surveys.exports", table=opened)
case("members.surveys.typed_lines", take=both(opened, just(text="nobody 9")))
case("members.surveys.effects", decide=conflict_pk, list_waiting=just())
