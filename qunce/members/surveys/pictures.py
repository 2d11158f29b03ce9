"""Pictures that members send: judged by content, and encoded again without metadata."""

from __future__ import annotations

import io
import secrets
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from qunce.core import errors
from qunce.members.surveys import responses
from qunce.members.surveys.models import Survey, SurveyPicture

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_BYTES, MAX_PIXELS, SIDE = 10_000_000, 40_000_000, 1_600
MAX_PER_PERSON = 60
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")


class InvalidPicture(errors.Invalid):
    """What was sent is no picture that we can read, or too large."""


def encode(content: bytes) -> tuple[bytes, int, int]:
    """A JPEG of at most SIDE pixels a side, upright, and its width and height.

    What cameras add, such as the place, is not in it. Raises InvalidPicture.
    """
    if len(content) > MAX_BYTES:
        raise InvalidPicture(
            _("A picture can have at most %(most)s MB.") % {"most": MAX_BYTES // 10**6}
        )
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise InvalidPicture(
                    _("A picture can have at most %(most)s megapixels.")
                    % {"most": MAX_PIXELS // 10**6}
                )
            picture.draft("RGB", (SIDE, SIDE))
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
    # Of broken pictures, Pillow raises whatever its decoders do.
    except (OSError, SyntaxError, ValueError, IndexError, EOFError) as error:
        raise InvalidPicture(
            _("This is not a picture that can be read. Choose a JPEG or PNG.")
        ) from error
    upright.thumbnail((SIDE, SIDE))
    flat = Image.new("RGB", upright.size, "white")
    flat.paste(upright, mask=upright.getchannel("A"))
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=82)
    return out.getvalue(), *flat.size


def add(
    *, survey: Survey, account_id: int, content: bytes, at: datetime
) -> SurveyPicture:
    """Store a picture of a member who may answer the survey; returns its row."""
    accounts = responses.check_may_answer(survey, account_id, at=at)
    if _count(survey, accounts) >= MAX_PER_PERSON:
        raise InvalidPicture(_("You have sent enough pictures for this survey."))
    encoded, width, height = encode(content)
    return SurveyPicture.objects.create(
        public_id=secrets.token_urlsafe(16),
        survey=survey,
        account_id=account_id,
        content=encoded,
        width=width,
        height=height,
        at=at,
    )


def _count(survey: Survey, accounts: Sequence[int]) -> int:
    return SurveyPicture.objects.filter(survey=survey, account_id__in=accounts).count()


def find(survey: Survey, public_id: str) -> SurveyPicture | None:
    return SurveyPicture.objects.filter(survey=survey, public_id=public_id).first()
