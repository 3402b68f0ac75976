"""How large ids may be, read from the graph that uses them."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.convert


def test_ids_stay_below_the_rows_of_the_table_that_they_look_up(frontend: Any) -> None:
    assert frontend("limits") == {
        "gather": {"ids": 50},
        "through": {"ids": 50},
        "smaller": {"ids": 7},
        "one-hot": {"ids": 9},
        "changed": {},  # what is computed from ids is not the input's own
        "another axis": {},
        "of one of two": {"more": 50},
    }
