"""The file's tensors named after the layers that the person named.

Conversion names tensors after TensorFlow's scopes, which only resemble the layers: Keras 3
numbers each call (`conv2d_1/convolution` is the first call of `conv2d`, `conv2d_1_2/...` that of
`conv2d_1`), nested models and layers made of layers put scopes within scopes, and outputs have
no layer at all. Here every name becomes `LAYER/OPERATOR`, several joined by `;` where operators
were fused. Quantizers keep the names, so each file that derives from this one has them too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from edgekit.frontend.load.loaded import LoadedModel
from edgekit.tflite import source_layers
from edgekit.tflite.operator_facts import BODY_OPTIONS

# Calls that wrap a whole model, and identities that name nothing.
_WRAPPER = re.compile(r"^(?:(?:Stateful|Stateless)?PartitionedCall|Identity)(?:_\d+)?$")
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_NUMBER = re.compile(r"_\d+$")

Path = tuple[str, ...]


def name_layers(model: Any, loaded: LoadedModel, produced: Mapping[int, str]) -> None:
    """Rename the tensors of a converted model, in place; the same model gets the same names.

    Args:
        model: The converter's model, with its signature.
        loaded: What it was converted from.
        produced: The TensorFlow operator behind each output of the main subgraph, by index of
            its tensor (see `producers`).
    """
    main = model.signatureDefs[0].subgraphIndex if model.signatureDefs else 0
    tensors = model.subgraphs[main].tensors
    computed = {int(i) for op in model.subgraphs[main].operators for i in op.outputs}
    for index, name in produced.items():
        if index in computed:
            tensors[index].name = name.encode()
    whole = [t.name.decode() for graph in model.subgraphs for t in graph.tensors if t.name]
    find = _Finder(loaded, whole)
    owners = _owners(model, main, find)
    taken = Counter(whole)
    for number, graph in enumerate(model.subgraphs):
        inside = {int(i) for op in graph.operators for i in op.outputs}
        for index, tensor in enumerate(graph.tensors):
            old = (tensor.name or b"").decode()
            owner = owners.get(number) if index in inside or "/" in old else None
            new = _renamed(old, find, owner)
            if new != old:
                taken[old] -= 1
                tensor.name = _unique(new, taken).encode()


def producers(model: Any, function: Any) -> dict[int, str]:
    """The operator of TensorFlow that computes each output, by index of the output's tensor.

    Args:
        model: The converter's model; its signature has TensorFlow's names.
        function: The traced function, whose outputs have these names.
    """
    if not model.signatureDefs:
        return {}
    outputs = function.structured_outputs
    if not isinstance(outputs, Mapping):
        return {}
    names = {}
    for entry in model.signatureDefs[0].outputs:
        tensor = outputs.get(entry.name.decode())
        name = _producer(function.graph, tensor) if tensor is not None else ""
        if name:
            names[int(entry.tensorIndex)] = name
    return names


def _producer(graph: Any, tensor: Any) -> str:
    op, place = tensor.op, tensor.value_index
    while op.type in ("Identity", "StopGradient", "EnsureShape"):
        op, place = op.inputs[0].op, op.inputs[0].value_index
    if op.type in _CALLS:
        library = {f.signature.name: f for f in graph.as_graph_def().library.function}
        return _inside(library, op.get_attr("f").name, place, op.name)
    return "" if op.type == "Placeholder" else str(op.name)


def _inside(library: Mapping[str, Any], function: str, place: int, caller: str) -> str:
    """The node of a function's definition that gives its output number `place`."""
    definition = library.get(function)
    if definition is None or place >= len(definition.signature.output_arg):
        return ""
    nodes = {node.name: node for node in definition.node_def}
    # Within a function, `node:output:2` is a node's third output of that name.
    source = definition.ret[definition.signature.output_arg[place].name]
    while True:
        name, *rest = source.split(":")
        node = nodes.get(name)
        if node is None:
            return ""  # one of the function's arguments
        if node.op == "Identity":
            source = node.input[0]
        elif node.op in _CALLS:
            inner = node.attr["f"].func.name
            return _inside(library, inner, int(rest[-1]) if rest else 0, f"{caller}/{name}")
        else:
            return f"{caller}/{name}"


class _Finder:
    """Splits a part of a name into layer and operator."""

    def __init__(self, loaded: LoadedModel, names: Sequence[str]) -> None:
        # A SavedModel tells only the layers that have variables, and not how they nest.
        self._whole = bool(loaded.layer_paths)
        paths = loaded.layer_paths or tuple((name,) for name in loaded.layers)
        self._known = frozenset(paths)
        self._count = Counter(path[-1] for path in self._known)
        self._root = loaded.name
        self._numbered = loaded.kind == "keras3" or (
            loaded.kind == "saved_model" and _looks_numbered(names, loaded.layers)
        )
        depths = Counter(
            start
            for name in names
            for part in name.split(";")
            if (start := self._start(_scopes(part))) is not None
        )
        self._depth = depths.most_common(1)[0][0] if depths else None

    def layer(self, part: str) -> tuple[str, str] | None:
        """The layer and the operator; None where the name holds no layer that is known."""
        scopes = _scopes(part)
        start = self._start(scopes)
        if start is None:
            return None
        path: Path = ()
        while (inner := self._child(path, scopes[start:])) is not None:
            path, start = inner[0], start + inner[1]
            if not self._whole:
                break
        label = path[-1] if self._count[path[-1]] == 1 else "/".join(path)
        return label, ".".join(scopes[start:])

    def guess(self, part: str) -> tuple[str, str] | None:
        """The layer as well as the name tells, for an operator of no known layer."""
        scopes = _scopes(part)
        if self._whole:
            # Between the layers: operators that the model itself calls.
            outer = len(scopes) > 1 and self._root in self._called(scopes[0])
            return (self._root, ".".join(scopes[1:])) if outer else None
        if self._depth is not None and len(scopes) > self._depth + 1:
            # As deep as the layers that are known.
            layer, operator = scopes[self._depth], ".".join(scopes[self._depth + 1 :])
        else:
            layer, operator = source_layers.split("/".join(scopes))
        if not operator:
            return None
        return (_NUMBER.sub("", layer) if self._numbered else layer), operator

    def _called(self, scope: str) -> tuple[str, str]:
        """The layers whose call may have made this scope, the likelier first."""
        base = _NUMBER.sub("", scope)
        return (base, scope) if self._numbered else (scope, base)

    def _child(self, path: Path, scopes: Sequence[str]) -> tuple[Path, int] | None:
        # A name may have slashes itself, which TensorFlow takes for scopes.
        for length in range(1, min(len(scopes) + 1, 4)):
            for name in self._called("/".join(scopes[:length])):
                if (*path, name) in self._known:
                    return (*path, name), length
        return None

    def _start(self, scopes: Sequence[str]) -> int | None:
        """Where the layers begin: behind the model's own scope, if it has one."""
        outer = bool(scopes) and self._root in self._called(scopes[0])
        starts = range(1 if outer else 0, min(2, len(scopes)) if self._whole else len(scopes))
        return next((i for i in starts if self._child((), scopes[i:]) is not None), None)


def _scopes(part: str) -> list[str]:
    scopes = re.sub(r":\d+$", "", part).split("/")
    return [s for s in scopes if s and not s.isdigit() and not _WRAPPER.match(s)]


def _looks_numbered(names: Iterable[str], known: Sequence[str]) -> bool:
    """Whether scopes carry the numbers of Keras 3: then each of them does.

    Keras opens a layer's scope to build it and again to call it, so that none is ever the first.
    """
    scopes = {scope for name in names for part in name.split(";") for scope in part.split("/")}
    of_layers = {s for s in scopes if s in known or _NUMBER.sub("", s) in known}
    return bool(of_layers) and all(
        _NUMBER.search(s) and _NUMBER.sub("", s) in known for s in of_layers
    )


def _owners(model: Any, main: int, find: _Finder) -> dict[int, str]:
    """The layer of the operator that calls each other subgraph: the loop's."""
    owners: dict[int, str] = {}
    for number in sorted(range(len(model.subgraphs)), key=lambda n: n != main):
        graph = model.subgraphs[number]
        for op in graph.operators:
            if op.builtinOptions is None:
                continue
            called = [int(v) for k, v in vars(op.builtinOptions).items() if k in BODY_OPTIONS]
            if not called:
                continue
            parts = [p for i in op.outputs for p in graph.tensors[i].name.decode().split(";")]
            hit = next((hit for part in parts if (hit := find.layer(part))), None)
            layer = hit[0] if hit else owners.get(number)
            if layer is not None:
                owners.update({index: owners.get(index, layer) for index in called})
    return owners


def _renamed(old: str, find: _Finder, owner: str | None) -> str:
    if not old or old.startswith("serving_default_"):
        return old
    found: dict[str, None] = {}
    for part in old.split(";"):
        hit = find.layer(part)
        if hit is None and owner is not None:
            hit = owner, part.replace("/", ".")  # inside a loop names may begin anew
        hit = hit or find.guess(part)
        if hit is not None:
            found[source_layers.join(hit[0], hit[1] or "output")] = None
    return ";".join(found) or old


def _unique(name: str, taken: Counter[str]) -> str:
    proposal, number = name, 1
    while taken[proposal] > 0:
        number += 1
        proposal = f"{name}_{number}"
    taken[proposal] += 1
    return proposal
