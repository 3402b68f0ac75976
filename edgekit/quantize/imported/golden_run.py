"""That LiteRT runs a file of somebody else, before anything is made of it."""

from __future__ import annotations

from edgekit.core.errors import ModelError, QuantizeError
from edgekit.core.records import Contract
from edgekit.data.samples import Samples
from edgekit.tflite import Model, interpreter


def require(model: Model, contract: Contract, golden: Samples) -> None:
    """Refuse a file that LiteRT cannot run, or whose outputs have no batch of 1.

    Args:
        model: The prepared model.
        contract: Of it.
        golden: Samples for it.

    Raises:
        ModelError: It does not run, with what LiteRT says; or an output's first size, which is
            known only while it runs, is not 1.
    """
    shapes: dict[str, set[tuple[int, ...]]] = {spec.name: set() for spec in contract.outputs}
    try:
        for i in range(len(golden)):
            for name, values in interpreter.run(model, golden.take([i]).inputs).items():
                shapes[name].add(values.shape[1:])
    except QuantizeError as error:
        hint = "LiteRT's own interpreter says the same: convert the original model again."
        if "custom op" in (error.received or ""):
            hint = "replace what is custom by builtin operators: LiteRT runs those alone."
        elif golden.source == "synthetic" and "prepare" not in (error.received or ""):
            hint = "the samples were made up, and may be none for it: pass --calibration DATA.npz."
        raise ModelError(
            "LiteRT cannot run the .tflite.", received=error.received, hint=hint
        ) from None
    for name, found in shapes.items():
        if len(found) > 1 or any(shape[:1] != (1,) for shape in found):
            raise ModelError(
                "Every output must have a batch of 1, and the same shape for all samples.",
                received=f"{name} of shape {', '.join(str(list(s)) for s in sorted(found))}",
                hint="cut off what selects a number of results (non-maximum suppression, where).",
            )
