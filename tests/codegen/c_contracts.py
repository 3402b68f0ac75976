"""The C of odd contracts: `python -m tests.codegen.c_contracts FOLDER` writes it, for a compiler.

It prints how many there are. The contracts are those that Kotlin is generated of.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from edgekit import tflite
from edgekit.codegen.c import c_bundle
from edgekit.core.bundle_record import Bundle
from edgekit.core.records import Contract, TensorSpec
from tests.codegen.kotlin_contracts import examples

DENSE = Path(__file__).parents[1] / "models" / "fully_connected.float32.tflite"


def model(contract: Contract) -> bytes:
    """A `.tflite` that has a contract's inputs and outputs, and operators that do not use them.

    The file lists them backwards, as it may: the order of the signature is another one.
    """
    from ai_edge_litert import schema_py_generated as schema

    whole = tflite.read(DENSE)
    [graph] = whole.subgraphs
    sides: dict[str, list[Any]] = {"inputs": [], "outputs": []}
    for side, maps in sides.items():
        specs: tuple[TensorSpec, ...] = getattr(contract, side)
        for spec in specs:
            tensor, entry = schema.TensorT(), schema.TensorMapT()
            tensor.name, tensor.shape = f"{side} {spec.name}", np.array(spec.shape, np.int32)
            entry.name, entry.tensorIndex = spec.name, len(graph.tensors)
            graph.tensors.append(tensor)
            maps.append(entry)
        setattr(graph, side, np.array([e.tensorIndex for e in reversed(maps)], np.int32))
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    signature.inputs, signature.outputs = sides["inputs"], sides["outputs"]
    whole.signatureDefs = [signature]
    return tflite.to_bytes(whole)


def filled(bundle: Bundle, contents: dict[str, bytes]) -> dict[str, bytes]:
    """The contents with a model in place of each file's."""
    return contents | {one.file: model(one.contract) for one in bundle.models}


def main(folder: Path, count: int = 20) -> None:
    """Write the C of each into a folder of its own."""
    made = examples(count)
    for number, (bundle, contents) in enumerate(made):
        place = folder / str(number)
        place.mkdir(parents=True)
        for path, data in c_bundle.files(bundle, filled(bundle, contents)).items():
            (place / path).write_bytes(data)
    print(len(made))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
