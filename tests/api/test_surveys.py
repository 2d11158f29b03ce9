"""Surveys through the API: created, published, answered, counted and exported."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core.staff.models import Staff
from qunce.members.surveys.models import SurveyResponse
from tests import clients, factories
from tests.clients import ApiClient
from tests.members.surveys.asking import BRANCHING, published

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> Staff:
    return factories.staff(factories.community(language="en"))


@pytest.fixture
def client(ann: Staff) -> ApiClient:
    return ApiClient(clients.create_token(ann))


def send(
    client: ApiClient, method: str, path: str, body: Any = None
) -> tuple[int, Any]:
    response = client.request(method.upper(), f"/{path}", body)
    return response.status, response.body


def test_a_program_asks_and_answers(ann: Staff, client: ApiClient) -> None:
    mia = factories.member(ann.community, "mia", name="Mia").pk
    status, made = send(
        client, "post", "surveys", {"name": "March", "questions": BRANCHING}
    )
    assert (status, made["state"], made["version"]) == (201, "draft", 0)
    url = f"surveys/{made['id']}"
    assert send(client, "post", f"{url}/publish")[1]["version"] == 1
    answers = {"member_id": mia, "answers": {"came": "no", "score": 3}}
    status, done = send(client, "post", f"{url}/answers", answers)
    assert (status, done["dropped"]) == (201, ["Would you recommend us?"])
    assert send(client, "post", f"{url}/answers", answers)[0] == 409
    _status, found = send(client, "get", f"{url}/results")
    assert (found["answered"], found["asked"]) == (1, 1)
    assert found["questions"][0]["lines"][1] == {
        "label": "No",
        "count": 1,
        "share": 1.0,
    }
    rows = send(client, "get", f"{url}/answers")[1]["rows"]
    assert rows[1][:2] == [mia, "Mia"]
    pk = SurveyResponse.objects.get().pk
    one = send(client, "get", f"survey-responses/{pk}")[1]
    assert one["answers"] == [["Did you come?", "No"]]
    assert send(client, "delete", f"survey-responses/{pk}")[0] == 204
    assert not SurveyResponse.objects.exists()


@pytest.mark.parametrize(
    "questions",
    [
        [{"kind": "essay"}],
        [{"kind": "text", "text": "x", "when": {"question": []}}],
        [{"kind": "single", "text": "x", "options": [{"text": {}}]}],
        [{"kind": "single", "text": "x", "options": [{"text": "a", "key": []}, "b"]}],
        [
            {"key": "q", "kind": "single", "text": "x", "options": ["a", "b"]},
            {
                "kind": "text",
                "text": "y",
                "when": {"question": "q", "options": [{"x": 1}]},
            },
        ],
        [{"kind": "text", "text": "x", "rule": []}],
        [{"kind": [], "text": "x"}],
    ],
)
def test_hostile_questions_are_refused(client: ApiClient, questions: Any) -> None:
    status, _body = send(
        client, "post", "surveys", {"name": "March", "questions": questions}
    )
    assert status == 422


@pytest.mark.parametrize(
    "value", [[], {}, [[]], [{}], None, True, 1.5, "x" * 3_000, ["1", ["2"]], 10**30]
)
def test_hostile_answers_are_refused(ann: Staff, client: ApiClient, value: Any) -> None:
    mia = factories.members(ann.community, "mia")[0]
    for kind in ("single", "multiple", "nps", "number", "date", "text", "picture"):
        question: dict[str, Any] = {"key": "q", "kind": kind, "text": "Q"}
        if kind in ("single", "multiple"):
            question["options"] = [{"key": "a", "text": "A"}, {"key": "b", "text": "B"}]
        survey = published(ann, [question])
        body = {"member_id": mia, "answers": {"q": value}}
        status, _body = send(client, "post", f"surveys/{survey.pk}/answers", body)
        is_number = kind == "number" and value == 1.5
        assert status == (201 if is_number else 422), kind
