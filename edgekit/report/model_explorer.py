"""Errors by operator as an overlay for Google's Model Explorer.

Its custom node data: a JSON object of graphs by id, each with `results` by a tensor that the
node gives, and colors by thresholds (a node takes the first one that its value is not above).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from edgekit.core.records import LayerError

# Upper ends in dB: each 6 dB is a factor of 2 in error. Above the last, nodes keep their color.
_COLORS = ((10.0, "#b2182b"), (20.0, "#ef8a62"), (30.0, "#fddbc7"), (40.0, "#d1e5f0"))


def overlay_text(errors: Sequence[LayerError], graph: str) -> str:
    """The overlay as JSON text: local SQNR in dB, for the graph of a quantized file.

    Operators that compute exactly, or that nothing matches, have no value: JSON has no infinity,
    and a made-up number would color them.

    Args:
        errors: By operator.
        graph: The graph's id, which is the name of the file's subgraph.
    """
    results = {
        one.quantized_tensor: {"value": round(one.local_sqnr_db, 2)}
        for one in errors
        if one.local_sqnr_db is not None and math.isfinite(one.local_sqnr_db)
    }
    thresholds = [{"value": value, "bgColor": color} for value, color in _COLORS]
    node_data = {graph: {"results": results, "thresholds": thresholds}}
    return json.dumps(node_data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
