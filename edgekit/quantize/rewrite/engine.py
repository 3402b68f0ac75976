"""One recipe applied to one float file, by the LiteRT quantizer.

A recipe becomes the quantizer's rules. Later rules win, and a rule of one operator wins
over the rule of all operators before it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from edgekit import tflite
from edgekit.compat import litert
from edgekit.core.errors import QuantizeError
from edgekit.core.records import Quantization, Recipe
from edgekit.quantize.calibration.calibrate import Ranges
from edgekit.quantize.rewrite import (
    carried_integers,
    control_flow,
    divisors,
    embedding_tables,
    fixups,
    recurrent_states,
    stand_ins,
)
from edgekit.tflite.operator_facts import OPERATORS

# `litert_quantizer.quantizer.Quantizer`, which has no types.
Quantizer = Any

# What other operators than the recipe says have, by their index in the file: None for float.
Exceptions = Mapping[int, Quantization | None]


def quantize(
    float_model: bytes,
    recipe: Recipe,
    ranges: Ranges | None,
    exceptions: Exceptions = MappingProxyType({}),
) -> bytes:
    """`quantized` as a file's bytes; those it was given where the recipe does nothing."""
    if recipe.quantize is None:
        return float_model
    return tflite.to_bytes(quantized(float_model, recipe, ranges, exceptions))


@lru_cache(maxsize=2)
def parsed(float_model: bytes) -> tflite.Model:
    """A float file, read once for all that is made of it: to be looked at, never changed."""
    return tflite.read(float_model)


def quantized(
    float_model: bytes,
    recipe: Recipe,
    ranges: Ranges | None,
    exceptions: Exceptions = MappingProxyType({}),
) -> tflite.Model:
    """What the quantizer makes of a float file, fixed where it is wrong.

    Args:
        float_model: A float `.tflite`.
        recipe: What to do; a recipe without quantization returns the file as it is.
        ranges: Activation ranges, for static recipes.
        exceptions: What single operators of the main graph have instead.

    Raises:
        QuantizeError: A static recipe without ranges, or the quantizer refused the file.
    """
    if recipe.quantize is None:
        return tflite.read(float_model)
    hows = [recipe.quantize, *(how for how in exceptions.values() if how is not None)]
    static = any(how.needs_ranges for how in hows)
    if static and not ranges:
        raise _without_ranges(recipe, float_model, ranges)
    from litert_quantizer import quantizer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the quantizer warns of its own debugging options
        try:
            model = parsed(float_model)
            exceptions = {**kept_float(model, recipe.quantize, ranges), **exceptions}
            replaced = stand_ins.indices(model, recipe.quantize, exceptions)
            engine = quantizer.Quantizer(float_model)
            stand_ins.substitute(litert.read_by(engine), replaced)
            _add_rules(engine, recipe.quantize, ".*", model)
            if exceptions:
                _add_exceptions(engine, model, exceptions)
            if static:
                _set_io(engine, recipe.quantize)
            _add_loops(engine, model, recipe.quantize, exceptions, ranges)
            result = engine.quantize(
                ranges if static else None,
                enable_progress_bar=False,
                enable_progress_report=False,
            )
        except (RuntimeError, ValueError, KeyError, TypeError, IndexError) as error:
            raise QuantizeError(
                f"The quantizer could not apply {recipe.name} to this model.",
                received=f"{type(error).__name__}: {error}",
                hint="try another recipe; float16 and weight_only_wi8_afp32 ask the least.",
            ) from error
    after = tflite.read(bytes(result.quantized_model))
    stand_ins.restore(after, model, replaced)
    embedding_tables.as_int8(model, after, recipe.quantize, exceptions)
    if static:
        fixups.apply_fixups(after, recipe.quantize.io_dtype)
    return after


def _without_ranges(recipe: Recipe, float_model: bytes, ranges: Ranges | None) -> QuantizeError:
    """Why a static recipe has no ranges: no samples, or no floats in the model."""
    if ranges is None:
        return QuantizeError(
            f"{recipe.name} needs calibration samples.",
            received="none",
            hint="pass --calibration DATA.npz (100 to 500 samples), or use --recipe "
            "dynamic_wi8_afp32.",
        )
    names = sorted({op.name for op in tflite.operators(parsed(float_model))})
    return QuantizeError(
        f"{recipe.name} changed nothing in this model.",
        received=f"it computes without floats, by {', '.join(names)}",
        hint="use --recipe float32.",
    )


def kept_float(
    model: tflite.Model, how: Quantization, ranges: Ranges | None
) -> dict[int, Quantization | None]:
    """What single operators have instead in every static file, for what they hold."""
    return {
        **divisors.kept(model, how, ranges),
        **recurrent_states.kept(model, how),
        **carried_integers.kept(model, how),
    }


def _add_rules(engine: Quantizer, how: Quantization, scope: str, model: tflite.Model) -> None:
    from litert_quantizer import qtyping
    from litert_quantizer.quantizer import AlgorithmName

    operators = qtyping.TFLOperationName
    everything = operators.ALL_SUPPORTED
    granularity = {
        "per_tensor": qtyping.QuantGranularity.TENSORWISE,
        "per_channel": qtyping.QuantGranularity.CHANNELWISE,
        "blockwise_32": qtyping.QuantGranularity.CHANNELWISE,  # where blocks do not fit
    }[how.granularity]
    if how.scheme == "float16":
        engine.add_weight_only_config(
            scope, everything, 16, algorithm_key=AlgorithmName.FLOAT_CASTING
        )
    elif how.scheme == "weight_only":
        engine.add_weight_only_config(scope, everything, 8, granularity)
        if how.weight_bits < 8:
            for name, facts in OPERATORS.items():
                if facts.weight_only_bits <= how.weight_bits:
                    engine.add_weight_only_config(
                        scope, operators(facts.quantizer_name or name), how.weight_bits, granularity
                    )
    elif how.scheme == "dynamic":
        for name, facts in OPERATORS.items():
            if facts.dynamic_bits:
                bits = max(how.weight_bits, facts.dynamic_bits)
                engine.add_dynamic_config(
                    scope, operators(facts.quantizer_name or name), bits, granularity
                )
        divisible = _divisible(model, scope) if how.granularity == "blockwise_32" else []
        if divisible:
            engine.add_dynamic_config(
                _only(divisible),
                operators.FULLY_CONNECTED,
                how.weight_bits,
                qtyping.QuantGranularity.BLOCKWISE_32,
            )
    else:
        assert how.activation_bits is not None
        engine.add_static_config(scope, everything, how.activation_bits, 8, granularity)
        form = f"static_wi{how.weight_bits}_ai{how.activation_bits}"
        for name, facts in OPERATORS.items():
            if how.weight_bits < 8 and form in facts.forms:
                engine.add_static_config(
                    scope,
                    operators(facts.quantizer_name or name),
                    how.activation_bits,
                    how.weight_bits,
                    granularity,
                )


def _divisible(model: tflite.Model, scope: str) -> list[str]:
    """Dense layers within a scope whose inputs can be cut into blocks of 32."""
    return [
        control_flow.scope(op)
        for op in tflite.operators(model)
        if op.name == "FULLY_CONNECTED"
        and re.search(scope, control_flow.scope(op))
        and op.weight is not None
        and op.weight.shape[-1] % 32 == 0
    ]


def _add_exceptions(engine: Quantizer, model: tflite.Model, exceptions: Exceptions) -> None:
    """Rules for single operators, which later rules for all of them would not change."""
    groups: dict[Quantization | None, list[str]] = {}
    for op in tflite.main_operators(model):
        if op.index in exceptions and op.outputs:
            groups.setdefault(exceptions[op.index], []).append(control_flow.scope(op))
    for how, scopes in groups.items():
        pattern = _only(scopes)
        _leave_float(engine, pattern)
        if how is not None:
            _add_rules(engine, how, pattern, model)


def _only(scopes: Iterable[str]) -> str:
    return f"^(?:{'|'.join(re.escape(scope) for scope in sorted(set(scopes)))})$"


def _leave_float(engine: Quantizer, pattern: str, *names: str) -> None:
    """Nothing is done to these operators within a scope; to all of them where none is named."""
    from litert_quantizer import qtyping
    from litert_quantizer.quantizer import AlgorithmName

    operators = qtyping.TFLOperationName
    for operator in [operators(name) for name in names] or [operators.ALL_SUPPORTED]:
        engine.update_quantization_recipe(
            pattern, operator, algorithm_key=AlgorithmName.NO_QUANTIZE
        )


def _add_loops(
    engine: Quantizer,
    model: tflite.Model,
    how: Quantization,
    exceptions: Exceptions,
    ranges: Ranges | None,
) -> None:
    """Rules for what is inside loops and branches, after all others (see `control_flow`).

    Left to itself, the quantizer makes a body's results integers and leaves its arguments
    float, and no runtime loads that.
    """
    for group in control_flow.scopes(model, how, exceptions, ranges):
        _leave_float(engine, _only(group.operators))
        if group.how is not None and group.treated:
            _add_rules(engine, group.how, _only(group.treated), model)
        _leave_float(engine, _only(group.sides), "INPUT", "OUTPUT")


def _set_io(engine: Quantizer, how: Quantization) -> None:
    """Inputs and outputs stay float, or take the integer type that was asked for."""
    from litert_quantizer import qtyping

    # A regular expression of its own: rules of one stand where its first stood. An output goes
    # by the name of the operator that computes it, whose exception would hold for it too.
    everywhere = "^.*$"
    if how.io_dtype == "float32":
        _leave_float(engine, everywhere, "INPUT", "OUTPUT")
        return
    for side in (qtyping.TFLOperationName.INPUT, qtyping.TFLOperationName.OUTPUT):
        unsigned = how.io_dtype == "uint8"
        config = qtyping.OpQuantizationConfig(
            activation_tensor_config=qtyping.TensorQuantizationConfig(
                num_bits=8 if unsigned else how.activation_bits or 8,
                symmetric=not unsigned and (how.activation_bits or 8) > 8,
                dtype=qtyping.TensorDataType.UINT if unsigned else qtyping.TensorDataType.INT,
            ),
            weight_tensor_config=qtyping.TensorQuantizationConfig(
                num_bits=8,
                symmetric=True,
                granularity=qtyping.QuantGranularity.CHANNELWISE,
            ),
            compute_precision=qtyping.ComputePrecision.INTEGER,
            explicit_dequantize=False,
        )
        engine.update_quantization_recipe(everywhere, side, config)
