"""How each kind of operation hands on the channels that it reads, with stand-ins for Keras."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgekit.compress.prune import channel_rules as rules
from edgekit.compress.prune.channel_atoms import Atoms
from edgekit.compress.prune.layer_graph import Graph, Node


@pytest.fixture(autouse=True)
def without_constants(monkeypatch: pytest.MonkeyPatch) -> None:
    """To look for constants among arguments is to import Keras."""
    monkeypatch.setattr(rules, "constants", lambda node: [])


def call(
    before: list[tuple[int | None, ...]],
    after: list[tuple[int | None, ...]],
    operation: Any = None,
    arguments: Any = ((), {}),
) -> tuple[Graph, Node]:
    """One call that reads tensors of some shapes and gives others."""
    operation = operation or SimpleNamespace()
    numbers = range(len(before) + len(after))
    node = Node(
        operation=operation,
        name="it",
        inputs=tuple(numbers[: len(before)]),
        outputs=tuple(numbers[len(before) :]),
        arguments=arguments,
        call=list,
    )
    graph = Graph(
        nodes=(node,),
        inputs={},
        outputs=node.outputs,
        shapes=dict(enumerate([*before, *after])),
        dtypes={},
        readers={},
        nested=(),
    )
    return graph, node


def operation(name: str, **fields: Any) -> Any:
    return type(name, (SimpleNamespace,), {})(**fields)


def test_what_produces_channels_makes_new_ones() -> None:
    atoms = Atoms()
    read = atoms.new(3)
    graph, node = call([(None, 8, 3)], [(None, 8, 5)])
    [given] = rules.produce(atoms, graph, node, [read])
    assert len(given) == 5 and not set(given) & set(read)


@pytest.mark.parametrize("multiplier", [1, 2])
def test_a_depthwise_layer_hands_each_channel_on_next_to_itself(multiplier: int) -> None:
    atoms = Atoms()
    read = atoms.new(3)
    graph, node = call([(None, 8, 3)], [(None, 8, 3 * multiplier)])
    [given] = rules.depthwise(atoms, graph, node, [read])
    assert given.tolist() == [a for a in read.tolist() for _ in range(multiplier)]


def test_sums_tie_channels_together_and_gates_do_not() -> None:
    for name, tied in (("Add", True), ("Multiply", False)):
        atoms = Atoms()
        one, other = atoms.new(3), atoms.new(3)
        graph, node = call([(None, 3), (None, 3)], [(None, 3)], operation(name))
        [given] = rules.merge(atoms, graph, node, [one, other])
        assert atoms.roots(one).tolist() == atoms.roots(other).tolist()
        assert given.tolist() == one.tolist()
        assert atoms.tied[atoms.root(int(one[0]))] is tied


def test_one_channel_that_is_spread_over_all_stays() -> None:
    atoms = Atoms()
    gate, body = atoms.new(1), atoms.new(4)
    graph, node = call([(None, 1), (None, 4)], [(None, 4)], operation("Multiply"))
    [given] = rules.merge(atoms, graph, node, [gate, body])
    assert given.tolist() == body.tolist()
    assert atoms.frozen[atoms.root(int(gate[0]))]
    assert len(set(atoms.roots(body))) == 4


def test_side_by_side_or_stacked() -> None:
    atoms = Atoms()
    one, other = atoms.new(2), atoms.new(2)
    graph, node = call([(None, 4, 2), (None, 4, 2)], [(None, 4, 4)], SimpleNamespace(axis=-1))
    [given] = rules.concat(atoms, graph, node, [one, other])
    assert given.tolist() == [*one, *other]
    assert len(set(atoms.roots(given))) == 4
    graph, node = call([(None, 4, 2), (None, 4, 2)], [(None, 8, 2)], SimpleNamespace(axis=1))
    [given] = rules.concat(atoms, graph, node, [one, other])
    assert atoms.roots(one).tolist() == atoms.roots(other).tolist()
    different = rules.concat(atoms, graph, node, [one, atoms.new(3)])
    assert different == "its width is not known"


def test_flattening_repeats_channels_and_folding_unites_them() -> None:
    atoms = Atoms()
    read = atoms.new(4)
    graph, node = call([(None, 3, 4)], [(None, 12)])
    [given] = rules.reshape(atoms, graph, node, [read])
    # In C order position p of 3 x 4 values is channel p mod 4.
    assert given.tolist() == np.broadcast_to(read, (3, 4)).reshape(-1).tolist()
    graph, node = call([(None, 4)], [(None, 2, 2)])
    [given] = rules.reshape(atoms, graph, node, [read])
    assert given.tolist() == read[:2].tolist()
    assert atoms.roots(read[:2]).tolist() == atoms.roots(read[2:]).tolist()
    graph, node = call([(None, 4)], [(None, 3)])
    assert rules.reshape(atoms, graph, node, [read]) == (
        "what it takes apart does not fit the channels"
    )


@pytest.mark.parametrize(
    ("name", "fields", "before", "after", "passes"),
    [
        ("Permute", {"dims": (2, 1, 3)}, (None, 4, 5, 6), (None, 5, 4, 6), True),
        ("Permute", {"dims": (3, 1, 2)}, (None, 4, 5, 6), (None, 6, 4, 5), False),
        ("Transpose", {"axes": (0, 2, 1, 3)}, (None, 4, 5, 6), (None, 5, 4, 6), True),
        ("Transpose", {"axes": None}, (None, 6), (6, None), False),
        ("Pad", {"pad_width": ((0, 0), (1, 1), (0, 0))}, (None, 4, 6), (None, 6, 6), True),
        ("Pad", {"pad_width": ((0, 0), (0, 0), (1, 0))}, (None, 4, 6), (None, 4, 7), False),
        ("Squeeze", {}, (None, 1, 6), (None, 6), True),
        ("Squeeze", {}, (None, 6, 1), (None, 6), False),
        ("ExpandDims", {"axis": 1}, (None, 6), (None, 1, 6), True),
        ("ExpandDims", {"axis": -1}, (None, 6), (None, 6, 1), False),
    ],
)
def test_channels_pass_where_the_last_axis_stays_the_last(
    name: str, fields: dict[str, Any], before: Any, after: Any, passes: bool
) -> None:
    atoms = Atoms()
    read = atoms.new(before[-1])
    graph, node = call([before], [after], operation(name, **fields))
    given = rules.axes(atoms, graph, node, [read])
    if passes:
        assert given[0] is read
    else:
        assert given == "it moves the channels to another axis"


@pytest.mark.parametrize(
    ("key", "passes"),
    [
        ((slice(None), slice(1, 3)), True),
        ((Ellipsis, slice(None)), True),
        ((0, Ellipsis), True),
        ((slice(None), None, slice(None)), True),
        ((slice(None), slice(None), slice(0, 2)), False),
        ((Ellipsis, 0), False),
        (([0, 1],), False),
    ],
)
def test_slices_may_cut_any_axis_but_the_last(key: Any, passes: bool) -> None:
    atoms = Atoms()
    read = atoms.new(6)
    graph, node = call([(None, 4, 6)], [(None, 2, 6)], arguments=((None, key), {}))
    given = rules.slices(atoms, graph, node, [read])
    assert given == ([read] if passes else "it picks channels")


def test_reducing_the_channels_mixes_them() -> None:
    atoms = Atoms()
    read = atoms.new(6)
    for axis, passes in ((1, True), (-1, False), ((1, 2), False)):
        graph, node = call([(None, 4, 6)], [(None, 6)], SimpleNamespace(axis=axis))
        given = rules.along_axis(atoms, graph, node, [read])
        assert given == ([read] if passes else "it computes across channels")


def test_pieces_of_the_channels() -> None:
    atoms = Atoms()
    read = atoms.new(6)
    graph, node = call(
        [(None, 6)], [(None, 2), (None, 4)], SimpleNamespace(axis=-1, indices_or_sections=[2])
    )
    given = rules.split(atoms, graph, node, [read])
    assert [one.tolist() for one in given] == [read[:2].tolist(), read[2:].tolist()]


def test_normalization_along_another_axis_is_refused() -> None:
    atoms = Atoms()
    read = atoms.new(6)
    weights = [SimpleNamespace(shape=(6,))] * 4
    for axis, shape, passes in ((-1, (6,), True), (1, (4,), False), (-1, (4,), False)):
        norm = SimpleNamespace(axis=axis, weights=[SimpleNamespace(shape=shape), *weights[:3]])
        graph, node = call([(None, 4, 6)], [(None, 4, 6)], norm)
        given = rules.batch_norm(atoms, graph, node, [read])
        assert (given == [read]) is passes
        assert passes or "another axis" in given


def test_an_unknown_width_is_said() -> None:
    atoms = Atoms()
    graph, node = call([(None, None)], [(None, None)])
    assert rules.width(graph, 0) == 0
    assert rules.depthwise(atoms, graph, node, [atoms.new(0)]) == "its width is not known"
    assert rules.reshape(atoms, graph, node, [atoms.new(0)]) == "its width is not known"
