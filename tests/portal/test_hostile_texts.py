"""Hostile names and texts on member pages, in pictures, in certificates and in files."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest

from qunce.activities.draws import verifier
from qunce.activities.prizes import delivery
from qunce.activities.prizes.models import Award
from qunce.core import names
from qunce.core.pictures import pictures
from qunce.members.personal_links import masked_names
from qunce.members.personal_links.models import RequestCount
from tests import factories
from tests.activities.prizes import builders as prize_builders
from tests.console.test_hostile_input import FORMULA, MARKUP, find_faults, find_formulas
from tests.portal import test_sweep
from tests.portal.test_sweep import ROWS, Scene, send, token_of

pytestmark = pytest.mark.django_db
scene = test_sweep.scene
IMAGES = (b"\x89PNG", b"\xff\xd8\xff")
"""How a PNG and a JPEG begin."""
TEXTS = {
    "markup": MARKUP,
    "formula": FORMULA,
    "turned": "\u202eevil\u202c \u2067back\u2069 %s %(x)s {0} {{ 7 }}",
    "rare": "𠮷野家 👩‍👩‍👧‍👦🎁 \U000e0001é\u0301 ﷽",
}


@pytest.fixture(params=list(TEXTS.values()), ids=list(TEXTS))
def hostile(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A text that everything of the scene has, wherever somebody can write one."""
    text = str(request.param)
    monkeypatch.setattr(test_sweep, "NAME", text[:60])
    monkeypatch.setattr(
        test_sweep,
        "TEXTS",
        {"name": text[:80], "text": text, "refusal": text[:200]},
    )
    return text


def test_no_page_file_or_picture_runs_or_breaks_on_it(
    hostile: str, scene: Scene
) -> None:
    faults = []
    for name, rows in ROWS.items():
        for row in rows:
            if row.method == "get":
                RequestCount.objects.all().delete()
                answer = send(scene.phone, scene.path(name, row), row)
                assert answer.status_code in (200, 303, 404), name
                faults += [f"{name}: {fault}" for fault in find_faults(answer)]
                if name.endswith("picture"):
                    assert answer.getvalue().startswith(IMAGES), name
    # The scripts of the pages are ours, by their address, or shown on the certificate.
    assert [fault for fault in faults if "an inline script" not in fault] == []
    path = scene.path("certificate-file", ROWS["certificate-file"][0])
    text = scene.phone.client.get(path).getvalue().decode()
    assert verifier.verify(text) == []
    assert json.loads(text)["terms"]["name"] == names.clean(test_sweep.TEXTS["name"])


def test_the_files_of_a_member_have_it_whole_and_no_formula(
    hostile: str, scene: Scene
) -> None:
    form = {"form_token": token_of(scene.phone)}
    answer = scene.phone.client.post("/p/shop/privacy/export", form)
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    for name in archive.namelist():
        content = archive.read(name).decode()
        if name.endswith(".json"):
            json.loads(content)
        if name.endswith(".csv"):
            assert list(find_formulas(content)) == [], name


def test_addresses_to_pack_have_no_formula(hostile: str, scene: Scene) -> None:
    prize = prize_builders.prize(scene.by, "goods", name=hostile[:80])
    award = prize_builders.award(prize, scene.li)
    form = {"form_token": token_of(scene.phone), "phone": "13800138000"}
    path = f"/p/shop/prizes/{award.public_id}/claim"
    Award.objects.update(claim_until=award.claim_until.replace(year=2100))
    typed = {"recipient": hostile[:50], "address": hostile[:150]}
    answer = scene.phone.client.post(path, form | typed)
    assert answer.status_code in (303, 422), answer.content
    chosen = list(Award.objects.filter(pk=award.pk).select_related("stock"))
    at = factories.AT
    text = delivery.export_csv(chosen=chosen, by=scene.by, at=at)
    assert list(find_formulas(text)) == []
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == 1 + (answer.status_code == 303)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_masked_names_show_one_sign_and_nothing_that_turns(text: str) -> None:
    masked = masked_names.mask(text)
    assert len(masked) <= 2
    assert masked.endswith("＊")
    assert not set(masked) & set("<=\u202e\u2067\u202c\U000e0001")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_pictures_leave_out_what_the_font_lacks(text: str) -> None:
    picture = pictures.Picture(
        title=text,
        subtitle=text,
        rows=((text, text),),
        address="https://x.example/",
        note=text,
    )
    assert pictures.render(picture).startswith(b"\x89PNG")
