"""What the brand sends again and again: materials with drawn pictures, and templates."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

from PIL import Image, ImageDraw

from qunce.demo.coffee.context import Context
from qunce.outreach.content import files, message_templates
from qunce.outreach.content.files import StoredFile
from qunce.outreach.content.materials import library
from qunce.outreach.content.materials.models import Material
from qunce.outreach.content.message_templates import TemplateVersion

DAY = timedelta(days=1)
COLOURS = {
    "poster": ((214, 158, 46), (250, 236, 190)),
    "kettle": ((38, 70, 83), (168, 200, 205)),
    "beans": ((74, 44, 30), (176, 128, 92)),
    "geisha": ((150, 104, 62), (238, 214, 176)),
    "yunnan": ((120, 58, 40), (228, 170, 140)),
    "bags": ((44, 92, 70), (190, 222, 200)),
    "server": ((70, 74, 80), (206, 210, 214)),
}
SHOP_APP = "wx0123456789abcdef"
PRODUCTS: dict[str, tuple[int, int | None]] = {
    "geisha": (12_800, 24),
    "yunnan": (6_800, 60),
    "bags": (5_900, None),
    "server": (25_900, 0),
}
"""Price and stock; None is not counted, and 0 is sold out."""


def create(context: Context) -> tuple[dict[str, Material], dict[str, TemplateVersion]]:
    """Create the materials and templates; returns them by key."""
    found = create_materials(context) | create_products(context)
    return found, create_templates(context)


def create_materials(context: Context) -> dict[str, Material]:
    today = context.at.date()
    # Kind, content type, and the other fields.
    plans: dict[str, tuple[str, str, dict[str, Any]]] = {
        "morning": ("text", "care", {}),
        "poster": (
            "image",
            "offer",
            {"files": [draw(context, "poster")], "licence_until": today + 12 * DAY},
        ),
        "water": (
            "link",
            "knowledge",
            {
                "url": "https://coffee.example/water",
                "files": [draw(context, "kettle")],
            },
        ),
        "points": (
            "mini_program",
            "fun",
            {"app_id": SHOP_APP, "app_path": "pages/points/index"},
        ),
        "photo": (
            "image",
            "koc",
            {"files": [draw(context, "beans")], "licence_until": today - 4 * DAY},
        ),
    }
    return {
        key: add(context, key, kind, content_type=content_type, **fields)
        for key, (kind, content_type, fields) in plans.items()
    }


def create_products(context: Context) -> dict[str, Material]:
    return {
        key: add(
            context,
            key,
            "product",
            content_type="offer",
            price=price,
            stock=stock,
            app_id=SHOP_APP,
            app_path=f"pages/item?key={key}",
            files=[draw(context, key)],
        )
        for key, (price, stock) in PRODUCTS.items()
    }


def add(context: Context, key: str, kind: str, **fields: Any) -> Material:
    title, text, folder, origin = context.words.materials[key]
    said = {"points": text} if kind == "product" else {"text": text}
    return library.create(
        community=context.community,
        kind=kind,
        title=title,
        folder=folder,
        origin=origin,
        by=context.staff["manager"],
        at=context.at - 40 * DAY,
        **said,
        **fields,
    )


def create_templates(context: Context) -> dict[str, TemplateVersion]:
    """The first version of each template, by its key."""
    versions = {}
    for key, (purpose, target, name, *texts) in context.words.templates.items():
        template = message_templates.create(
            community=context.community,
            name=name,
            purpose=purpose,
            target=target,
            texts=dict(zip("ABCD", texts, strict=False)),
            by=context.staff["manager"],
            at=context.at - 30 * DAY,
        )
        versions[key] = template.texts["A"]
    return versions


def draw(context: Context, key: str) -> StoredFile:
    """A plain picture in two colours: nothing in the demo is anybody's photo."""
    dark, light = COLOURS[key]
    picture = Image.new("RGB", (640, 480), dark)
    pen = ImageDraw.Draw(picture)
    pen.ellipse((150, 70, 490, 410), fill=light)
    pen.ellipse((210, 130, 430, 350), fill=dark)
    pen.rectangle((0, 430, 640, 480), fill=light)
    content = io.BytesIO()
    picture.save(content, "PNG")
    content.seek(0)
    return files.store(
        content=content,
        name=f"{key}.png",
        by=context.staff["manager"],
        at=context.at - 40 * DAY,
    )
