"""Which channels go together, which stay and why, and which a person means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.compress.prune.channel_atoms import FIXED, Atoms

Do = Callable[..., dict[str, Any]]


def _groups(surgery: Do, small: str, **selectors: Any) -> dict[str, Any]:
    found = surgery("describe", small=small, **selectors)
    return {group["name"]: group for group in found["groups"]}


def _reasons(surgery: Do, small: str) -> dict[str, str]:
    left_alone = surgery("describe", small=small)["left_alone"]
    return {skipped["layer"]: skipped["reason"] for skipped in left_alone}


@given(st.lists(st.tuples(st.integers(-1, 19), st.integers(-1, 19)), max_size=40))
def test_atoms_are_one_set_exactly_where_pairs_link_them(pairs: list[tuple[int, int]]) -> None:
    atoms = Atoms()
    everything = atoms.new(20)
    for one, other in pairs:
        atoms.unite(np.asarray([one]), np.asarray([other]))
    linked = {i: {i} for i in range(-1, 20)}  # the slow way: join sets until none grows
    for _ in range(20):
        for one, other in pairs:
            both = linked[one] | linked[other]
            for member in both:
                linked[member] = both
    roots = atoms.roots(everything)
    for one in range(20):
        for other in range(20):
            through_edge = -1 in linked[one] and -1 in linked[other]
            if not through_edge:
                assert (roots[one] == roots[other]) == (other in linked[one])
        assert atoms.is_fixed(everything[one : one + 1]) == (-1 in linked[one])


def test_roots_keep_the_mark_of_what_is_at_the_edge() -> None:
    atoms = Atoms()
    pair = atoms.new(2)
    assert atoms.roots(np.asarray([FIXED, pair[1]])).tolist() == [FIXED, pair[1]]


@pytest.mark.convert
def test_a_residual_stream_is_one_coupled_group_and_its_branch_another(surgery: Do) -> None:
    groups = _groups(surgery, "residual")
    assert groups["stem"] == {
        "name": "stem",
        "width": 6,
        "producers": ["stem", "back"],
        "coupled": True,
    }
    assert groups["inner"]["producers"] == ["inner"]
    assert not groups["inner"]["coupled"]
    assert list(groups) == ["stem", "inner"]


@pytest.mark.convert
def test_layers_of_keras_applications_couple_as_an_add_does(surgery: Do) -> None:
    groups = _groups(surgery, "scaled")
    assert groups["stem"]["producers"] == ["stem", "back"]
    assert groups["stem"]["coupled"]
    assert groups["inner"]["width"] == 5
    assert _reasons(surgery, "scaled") == {}


@pytest.mark.convert
def test_a_gate_goes_with_the_channels_that_it_opens_and_couples_nothing(surgery: Do) -> None:
    groups = _groups(surgery, "gated")
    assert groups["body"]["producers"] == ["body", "excite"]
    assert not groups["body"]["coupled"]
    assert groups["squeeze"]["width"] == 3


@pytest.mark.convert
def test_channels_side_by_side_go_one_by_one_through_a_depthwise_layer(surgery: Do) -> None:
    groups = _groups(surgery, "joined")
    assert {name: group["width"] for name, group in groups.items()} == {"left": 4, "right": 5}


@pytest.mark.convert
def test_a_nested_model_that_is_called_twice_unites_what_it_is_called_on(surgery: Do) -> None:
    groups = _groups(surgery, "twins")
    assert groups["first"]["producers"] == ["first", "second"]
    assert groups["tower/conv"]["width"] == 5


@pytest.mark.convert
def test_channels_of_an_embedding_can_go(surgery: Do) -> None:
    assert _groups(surgery, "text")["embedding"]["width"] == 8


@pytest.mark.convert
def test_layers_that_need_all_channels_are_left_alone_by_name_and_reason(surgery: Do) -> None:
    assert list(_groups(surgery, "unknown")) == ["between"]
    assert _reasons(surgery, "unknown") == {
        "norm": "it normalises across channels",
        "grouped": "a convolution of 2 groups",
        "lstm": "recurrent layers are left as they are",
        "mixed": "its activation softmax computes across channels",
    }


@pytest.mark.convert
def test_a_layer_of_somebodys_own_keeps_what_it_touches_and_nothing_behind(surgery: Do) -> None:
    assert list(_groups(surgery, "custom")) == ["after"]
    assert _reasons(surgery, "custom") == {"doubled": "it is not one of Keras' own layers"}


@pytest.mark.convert
def test_channels_of_outputs_stay_also_where_layers_read_them(surgery: Do) -> None:
    assert list(_groups(surgery, "inside")) == ["free"]
    assert list(_reasons(surgery, "inside")) == ["wrapped"]


@pytest.mark.convert
def test_models_inside_models_have_their_channels_found(surgery: Do) -> None:
    groups = _groups(surgery, "transfer")
    assert list(groups) == ["backbone/early", "backbone/block/deep", "middle"]
    assert not _reasons(surgery, "transfer")


@pytest.mark.convert
def test_channels_first_is_refused_by_name(surgery: Do) -> None:
    assert "channels_first" in _reasons(surgery, "channels_first")["first"]


@pytest.mark.convert
def test_constants_for_each_channel_keep_them_unless_they_stay_anyway(surgery: Do) -> None:
    reasons = _reasons(surgery, "prepared")
    assert list(_groups(surgery, "prepared")) == ["after"]
    assert reasons.pop("scaled") == "it holds a constant for each channel"
    assert list(reasons.values()) == ["it holds a constant for each channel"]
    assert "statistics" not in reasons
