"""The files that the tea shop has imported, with what is wrong in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.functional.tea_shop import TeaShop

IMPORTS = {
    "job": ("十月新客.csv", "key,name,phone\nx1,新客一,13900000001\nx2,新客二,12\n"),
    "job_joins": (
        "小程序会员.csv",
        "key,name,phone\nmini-1,茶友阿福,13900000011\nmini-2,阿福,13900000011\n"
        + "".join(f"mini-{n},茶友{n}号,4008005678\n" for n in range(3, 10)),
    ),
    "job_refunds": (
        "海外订单.csv",
        "订单号,手机号,付款时间,金额,退款金额\n"
        "h-1,13900000011,2026-05-03 10:00,US$25.00,US$5.00\n"
        "h-2,13900000012,2026-05-04 10:00,¥128.00,\n"
        "h-3,13900000011,2026-05-05 10:00,US$10.50,US$10.50\n",
    ),
    "job_undone": ("重复名单.csv", "key,name,标签\ny1,又一客,试饮\ny2,再一客,试饮\n"),
}
"""ID of the import → name and text of its file."""
WAITING = (
    "老客名单.csv",
    'key,姓名,入会日期,消费\nz1,老客一,3/5/2026,"1,234"\nz2,老客二,4/6/2026,"2,500"\n',
)


def add_imports(shop: TeaShop) -> None:
    from qunce.importing import background_imports

    for name, file in IMPORTS.items():
        upload = _upload(shop, *file)
        job = background_imports.start(upload=upload, **shop.by_owner())
        shop.ids[name] = job.pk
        shop.ids.setdefault("upload", upload.pk)
    shop.ids["upload_waiting"] = _upload(shop, *WAITING).pk


def _upload(shop: TeaShop, name: str, text: str) -> Any:
    from qunce.importing.jobs import uploads

    path = uploads.new_upload_path(shop.community)
    path.write_text(text, encoding="utf-8")
    return uploads.accept(path=path, name=name, **shop.by_owner())


def undo_import(shop: TeaShop) -> None:
    from qunce.importing.jobs import jobs
    from qunce.importing.undo import undos

    job = jobs.get(shop.community, shop.ids["job_undone"])
    undos.start(job=job, **shop.by_owner())
