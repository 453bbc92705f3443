"""The rights of an actor at one moment: as a record for auditors, and as a digest that is equal for equal rights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256

from ticket_export.application.actor import Actor
from ticket_export.domain.system_permissions import BuiltInSystemPermission


def facts_of(actor: Actor) -> str:
    """Return ``attributes``, ``isAdmin`` and ``permissions`` (developer names) as JSON, with sorted keys.

    A UUID becomes a text. Texts are `storable`.
    """
    permissions = BuiltInSystemPermission.from_permissions(actor.permissions)
    return json_text(
        {
            "attributes": {storable(name): _plain(value) for name, value in actor.attributes.items()},
            "isAdmin": bool(actor.is_admin),
            "permissions": [each.developer_name for each in permissions],
        }
    )


def json_text(facts: Mapping[str, object]) -> str:
    """Return the one spelling of these facts in JSON; a database may store the document in another spelling."""
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def rights_digest(actor: Actor) -> str:
    """Return a digest of what rules may read about the actor, besides their id, in hexadecimal digits.

    Values of different types differ: the text ``7`` is not the number 7.
    """
    attributes = [(name, _typed(value)) for name, value in sorted(actor.attributes.items())]
    rights = json.dumps([bool(actor.is_admin), int(actor.permissions), attributes])
    return sha256(rights.encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, int):
        return value
    return storable(str(value))


def storable(text: str) -> str:
    """Return the text with NUL and lone surrogates, which no database stores, escaped with a backslash."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def _typed(value: object) -> object:
    if isinstance(value, tuple):
        return [_typed(each) for each in value]
    if value is None or isinstance(value, int):
        # JSON tells true from 1.
        return value
    return {"text" if isinstance(value, str) else "uuid": str(value)}
