"""Kotlin of a bundle's variants: files, tensors as each stores them, golden samples."""

from __future__ import annotations

from collections.abc import Iterable

from edgekit.codegen.kotlin.kotlin_identifiers import Naming, comment, double, head, number, quoted
from edgekit.core.bundle_record import (
    Bundle,
    BundledModel,
    GoldenLabels,
    GoldenRaw,
    GoldenTensor,
    Tolerance,
)
from edgekit.core.records import TensorSpec


def variants(bundle: Bundle, naming: Naming, assets: dict[str, str]) -> str:
    """The enumeration of variants; `assets` are file names in the app by those in the bundle."""
    entries = ",\n\n".join(_variant(model, naming, assets) for model in bundle.models)
    return f"""{head(naming)}
{_imports(bundle)}import dev.edgekit.core.DType
import dev.edgekit.core.GoldenLabels
import dev.edgekit.core.GoldenLayout
import dev.edgekit.core.GoldenRaw
import dev.edgekit.core.GoldenTensor
import dev.edgekit.core.TensorInfo
import dev.edgekit.core.Tolerance

/**
 * One of the files that compute the same model.
 *
 * @property label what its recipe is called.
 * @property file its name.
 * @property sizeBytes its size.
 * @property sha256 of its content, in hexadecimal.
 * @property inputs as this file stores them.
 * @property outputs as this file stores them.
 * @property golden what its file of golden samples holds.
 */
enum class {naming.type}Variant(
    val label: String,
    val file: String,
    val sizeBytes: Long,
    val sha256: String,
    val inputs: List<TensorInfo>,
    val outputs: List<TensorInfo>,
    val golden: GoldenLayout,
) {{
{entries},
}}
"""


def _imports(bundle: Bundle) -> str:
    by_columns = any(
        tensor.tolerance and tensor.tolerance.columns
        for model in bundle.models
        for tensor in model.golden.tensors
    )
    return "import dev.edgekit.core.ColumnTolerance\n" * by_columns


def _variant(model: BundledModel, naming: Naming, assets: dict[str, str]) -> str:
    contract, golden = model.contract, model.golden
    tensors = "\n".join(_golden_tensor(tensor, model) for tensor in golden.tensors)
    return f"""    /** {comment(model.variant)}: {model.size_bytes:,} bytes. */
    {naming.variants[model.variant]}(
        label = {quoted(model.variant)},
        file = {quoted(assets[model.file])},
        sizeBytes = {model.size_bytes}L,
        sha256 = {quoted(model.sha256)},
        inputs = listOf(
{_infos(contract.inputs)}
        ),
        outputs = listOf(
{_infos(contract.outputs)}
        ),
        golden = GoldenLayout(
            file = {quoted(assets[golden.file])},
            sha256 = {quoted(golden.sha256)},
            numSamples = {golden.num_samples},
            sampleBytes = {golden.sample_bytes},
            tensors = listOf(
{tensors}
            ),
            raw = listOf<GoldenRaw>({"".join(map(_raw, golden.raw))}),
            labels = listOf<GoldenLabels>({"".join(map(_labels, golden.labels))}),
        ),
    )"""


def _infos(specs: Iterable[TensorSpec]) -> str:
    return "\n".join(f"            {_info(spec)}," for spec in specs)


def _info(spec: TensorSpec) -> str:
    shape = ", ".join(str(side) for side in spec.shape)
    text = f"TensorInfo({quoted(spec.name)}, listOf<Int>({shape}), DType.{spec.dtype.upper()}"
    if spec.scale:
        text += f", {number(spec.scale[0])}, {spec.zero_point[0]}"
    return text + ")"


def _golden_tensor(tensor: GoldenTensor, model: BundledModel) -> str:
    is_input = tensor.role == "input"
    contract = model.contract
    specs = contract.inputs if is_input else contract.outputs
    spec = next(spec for spec in specs if spec.name == tensor.name)
    role = "true" if is_input else "false"
    space = " " * 20
    offset = f"isInput = {role}, offset = {tensor.offset}"
    lines = [f"{space}{_info(spec)},", f"{space}{offset},"]
    if tensor.tolerance:
        lines.append(f"{space}tolerance = {_tolerance(tensor.tolerance)},")
    body = "\n".join(lines)
    return f"                GoldenTensor(\n{body}\n                ),"


def _tolerance(allowed: Tolerance) -> str:
    given = [double(allowed.worst), double(allowed.rms)]
    if allowed.agreement is not None:
        given.append(double(allowed.agreement))
    if allowed.threshold is not None:
        given.append(f"threshold = {double(allowed.threshold)}")
    if not allowed.columns:
        return f"Tolerance({', '.join(given)})"
    space = " " * 24
    columns = "\n".join(
        f"{space}    ColumnTolerance({one.start}, {one.stop}, {double(one.worst)}, "
        f"{double(one.rms)}),"
        for one in allowed.columns
    )
    lines = [*(f"{space}{one}," for one in given), f"{space}columns = listOf("]
    return "Tolerance(\n" + "\n".join([*lines, columns, f"{space}),", " " * 20 + ")"])


def _raw(raw: GoldenRaw) -> str:
    shape = ", ".join(map(str, raw.shape))
    return (
        f"\n                GoldenRaw(\n                    {quoted(raw.input)}, listOf({shape}), "
        f"{raw.offset}, {raw.num_bytes}, {raw.stride},\n                    "
        f"{raw.expected_offset}, {raw.expected_num_bytes},\n                ),\n            "
    )


def _labels(labels: GoldenLabels) -> str:
    return f"GoldenLabels({quoted(labels.output)}, {labels.offset}, {labels.num_bytes}),"
