"""What JSON holds: the type of payloads that no record describes yet, or that only pass through."""

from __future__ import annotations

from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
