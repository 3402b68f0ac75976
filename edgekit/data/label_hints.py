"""How labels of an output are given, for messages about those that are missing."""

from __future__ import annotations

from edgekit.core.records import Contract
from edgekit.core.suggest import nearest
from edgekit.data.samples import Samples

_MOST_NAMED = 8


def how(samples: Samples, contract: Contract, output: str) -> str:
    """The next step for samples that have no labels of this output.

    Args:
        samples: With the names of arrays that nothing was made of.
        contract: The model's inputs and outputs.
        output: One of them.
    """
    found = ", ".join(samples.ignored[:_MOST_NAMED])
    besides = f"; the data holds {found} besides" if found else ""
    if any(spec.name == output for spec in contract.inputs):
        return (
            f"an array {output} feeds the input of that name: call labels of the output "
            f"labels/{output}{besides}."
        )
    near = nearest(output, samples.ignored)
    meant = f": {near}" if near else "."
    if len(contract.outputs) == 1:
        return f"add an array y, or {output}{besides}{meant}"
    return f"name an array, or a column of a table, as the output: {output}{besides}{meant}"
