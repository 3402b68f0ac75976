"""A channel of which integers leave nothing is a mistake of the recipe, seen before a file runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgekit import tflite
from edgekit.core.errors import QuantizeError
from edgekit.core.records import Contract, Recipe
from edgekit.pipeline.convert.converted_file import ConvertedFile
from edgekit.pipeline.convert.prove import Proof
from edgekit.quantize.diagnose.lost_channels import LostChannel, lost_channels

_MOST_NAMED = 4


def refuse_lost(files: Sequence[ConvertedFile], proof: Proof, contract: Contract) -> None:
    """Refuse files of which scales alone show that a channel of an output is lost.

    Args:
        files: In the scratch folder.
        proof: Samples, with what the original's float file gives for them.
        contract: What the outputs are.

    Raises:
        QuantizeError: A step of an output's integers is larger than what a channel varies by.
    """
    expected = proof.samples.reference
    if not all(np.isfinite(values).all() for values in expected.values()):
        return
    for file in files:
        how = file.recipe.quantize
        if how is None or not how.needs_ranges:
            continue
        lost = lost_channels(tflite.read(file.path), expected, contract)
        if lost:
            more = f"; and {len(lost) - _MOST_NAMED} more" if len(lost) > _MOST_NAMED else ""
            raise QuantizeError(
                f"{file.recipe.label} leaves nothing of {lost[0].channel!r}: one step of its "
                "integers is larger than what it varies by.",
                received="; ".join(_one(channel) for channel in lost[:_MOST_NAMED]) + more,
                hint=_way_out(file.recipe, lost[0], contract),
            )


def _one(channel: LostChannel) -> str:
    return f"{channel.channel}: step {channel.step:.3g}, standard deviation {channel.spread:.3g}"


def _way_out(recipe: Recipe, channel: LostChannel, contract: Contract) -> str:
    how = recipe.quantize
    stores_integers = how is not None and how.io_dtype != "float32"
    ways = ["leave out --io" if stores_integers else "keep operators float: --min-sqnr 20"]
    ways.append("give columns of unlike size outputs of their own, or like scales")
    spec = next(spec for spec in contract.outputs if spec.name == channel.output)
    if spec.kind in (None, "values") and not spec.columns:
        ways.append(
            f"where they are no values, say so in edgekit.toml ([output.{channel.output}] kind = "
            '"embedding")'
        )
    ways.append("take the file as it is: --min-sqnr -20")
    return f"{'; or '.join(ways)}."
