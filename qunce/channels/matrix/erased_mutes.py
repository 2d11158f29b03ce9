"""Members who were muted in a room when they were erased: they may write again.

The level of a muted member is in a list of the room, under their id. Once the person is
erased, we have no id of theirs, only a keyed digest of it, with which they are found in the
list. So the server may be down until then, and nothing of the person is kept for it.
"""

from __future__ import annotations

from django.utils.crypto import salted_hmac

from qunce.channels.matrix.models import Room
from qunce.core import personal_texts

PREFIX = "erased:"


def digest(user: str) -> str:
    """What stands for a member who was erased."""
    return PREFIX + salted_hmac("matrix.erased_mutes", user).hexdigest()


@personal_texts.register
def replace(person: personal_texts.ErasedPerson) -> None:
    """Keep the mutes of an erased person under digests, until they are lifted."""
    rows = Room.objects.filter(account__community_id=person.community_id)
    texts = set(person.texts)
    for pk, muted in rows.exclude(muted={}).values_list("pk", "muted"):
        if texts & muted.keys():
            changed = {
                digest(user) if user in texts else user: level
                for user, level in muted.items()
            }
            Room.objects.filter(pk=pk).update(muted=changed)


def find_level(muted: dict[str, int | None], user: str) -> int | None:
    """The level that a muted user gets back, None for the default of the room."""
    return muted.get(user, muted.get(digest(user)))


def without(muted: dict[str, int | None], user: str) -> dict[str, int | None]:
    """The mutes of a room without those of a user."""
    own = (user, digest(user))
    return {name: level for name, level in muted.items() if name not in own}
