"""Configurations of layers, and what is said of those that are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edgekit.core.errors import ModelError
from edgekit.frontend.trust.check_config import check

Config = dict[str, Any]


def nobody(name: str) -> str | None:
    return None


def layer(kind: str, options: Config, nodes: Any = (), **more: Any) -> Config:
    return {
        "class_name": kind,
        "config": {"name": "z", **options},
        "name": "z",
        "inbound_nodes": list(nodes),
        **more,
    }


def refusal(config: Any, resolve: Callable[[str], str | None] = nobody) -> str:
    with pytest.raises(ModelError) as caught:
        check({"class_name": "Functional", "config": {"layers": [config]}}, resolve)
    said = str(caught.value)
    assert "'z'" in said, "a refusal names the layer"
    assert "--unsafe" in said
    return said
