"""What takes samples apart from each other, where a model keeps state from one to the next."""

from __future__ import annotations

from edgekit.core.errors import UsageError
from edgekit.data.export_messages import Exported
from edgekit.pipeline.convert.plan import Plan


def refuse_state(planned: Plan, exported: Exported) -> None:
    """Refuse to prune or train a model that keeps state.

    Where the state is an input, the file can be trained with its rounding in place, as any other.

    Raises:
        UsageError: That was asked for.
    """
    contract = exported.contract
    fed = [spec.feeds for spec in contract.outputs if spec.feeds]
    trains = planned.training is not None and bool(contract.kept_state)
    if (contract.kept_state or fed) and (planned.prune is not None or trains):
        raise UsageError(
            "A model that keeps state cannot be pruned or trained here: samples would have to "
            "follow each other.",
            received=f"a model with the state {', '.join((*contract.kept_state, *fed))}",
            hint="train or prune it in Keras, and convert it without --prune, --finetune and "
            "--qat; quantizing it needs none of them.",
        )
