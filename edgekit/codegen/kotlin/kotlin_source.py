"""Kotlin source of what depends on a bundle's contract: above all the typed wrapper.

Everything else is hand-written, in `sources/kotlin`: `core`, which knows no Android and no LiteRT,
and `engine`, which is copied into each bundle's own package.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from edgekit.codegen import identifiers
from edgekit.codegen.kotlin import kotlin_contract, kotlin_variants
from edgekit.codegen.kotlin.kotlin_identifiers import Naming, comment, described, head, held, quoted
from edgekit.core.bundle_record import Bundle
from edgekit.core.records import TensorSpec

_READ = {
    "FloatArray": "real",
    "LongArray": "whole",
    "IntArray": "ints",
    "BooleanArray": "truths",
}
_RAW = {"image": "RgbImage", "audio": "Sound", "tabular": "FloatArray", "text": "String"}
_RAW_DATA = {"image": "image", "audio": "sound", "tabular": "numbers", "text": "text"}
_RAW_TEXT = {
    "image": "a picture of any size, turned upright",
    "audio": "sound of the model's sample rate",
    "tabular": "the features, in the contract's order",
    "text": "a text",
}


def sources(bundle: Bundle, naming: Naming, assets: dict[str, str], folder: str) -> dict[str, str]:
    """Generated files of a bundle's own package, by name.

    Args:
        bundle: What to generate for.
        naming: Identifiers.
        assets: By the files' names in the bundle, those in the app's assets.
        folder: Of the files in the app's assets.
    """
    made = {
        f"{naming.type}.kt": _wrapper(bundle, naming),
        f"{naming.type}Variant.kt": kotlin_variants.variants(bundle, naming, assets),
        f"{naming.type}Result.kt": _result(bundle, naming),
        f"{naming.type}Android.kt": _android(bundle, naming, folder),
    }
    contract = bundle.models[0].contract
    if any(spec.preprocessing.kind != "none" for spec in contract.inputs) or any(
        spec.labels for spec in contract.outputs
    ):
        made[f"{naming.type}Contract.kt"] = kotlin_contract.contract(bundle, naming)
    return made


def _result(bundle: Bundle, naming: Naming) -> str:
    contract = bundle.models[0].contract
    classes = [spec for spec in contract.outputs if _is_classes(bundle, spec)]
    documented, properties, tops = [], [], []
    for spec in contract.outputs:
        name = naming.outputs[spec.name]
        documented.append(f" * @property {name} {described(spec)}")
        properties.append(f"    val {name}: {held(bundle, spec.name, 'outputs')},")
    suffixes = identifiers.unique((spec.name for spec in classes), identifiers.pascal, "kotlin")
    for spec in classes:
        name = naming.outputs[spec.name]
        suffix = suffixes[spec.name] if len(classes) > 1 else ""
        labels = f"{naming.type}Labels.{name}" if spec.labels else "emptyList()"
        tops.append(f"""
    /** The [k] classes with the highest `{comment(spec.name)}`, best first. */
    fun top{suffix}(k: Int = {min(3, spec.shape[-1])}): List<Classified> =
        TopK.of(this.{name}, {labels}, k)
""")
    imports = "import dev.edgekit.core.Classified\nimport dev.edgekit.core.TopK\n" if tops else ""
    body = f" {{{''.join(tops)}}}" if tops else ""
    return f"""{head(naming)}{chr(10) + imports if imports else ""}
/**
 * What [{naming.type}] computes, as real numbers.
 *
{chr(10).join(documented)}
 */
class {naming.type}Result(
{chr(10).join(properties)}
){body}
"""


def _is_classes(bundle: Bundle, spec: TensorSpec) -> bool:
    """Whether an output is one score for each class."""
    is_row = len(spec.shape) == 2 and spec.shape[0] == 1 and spec.shape[1] > 1
    labelled = not spec.labels or len(spec.labels) == spec.shape[-1]
    return is_row and labelled and held(bundle, spec.name, "outputs") == "FloatArray"


def _prepared(bundle: Bundle, spec: TensorSpec) -> str:
    """The array that preprocessing gives, or an app that does it itself."""
    if spec.preprocessing.kind == "text":
        return "IntArray"
    if spec.preprocessing.kind != "none":
        return "FloatArray"
    return held(bundle, spec.name, "inputs")


def _wrapper(bundle: Bundle, naming: Naming) -> str:
    contract = bundle.models[0].contract
    first = naming.variants[bundle.models[0].variant]
    kinds = {spec.preprocessing.kind for spec in contract.inputs}
    imports = [
        "com.google.ai.edge.litert.Accelerator",
        "dev.edgekit.core.GoldenSamples",
        "dev.edgekit.core.Quantization",
        "dev.edgekit.core.SelfTest",
        "dev.edgekit.core.SelfTestReport",
        "java.io.File",
        *(["dev.edgekit.core.RgbImage"] if "image" in kinds else []),
        *(["dev.edgekit.core.Sound"] if "audio" in kinds else []),
    ]
    lines = "\n".join(f"import {name}" for name in sorted(imports))
    return f"""{head(naming)}
{lines}

/**
 * The model `{comment(bundle.name)}` in LiteRT.
 *
 * Everything that LiteRT needs is made once, here, and given back by [close]. It belongs to one
 * thread at a time: give it to one single-threaded executor, never to the main thread.
 *
 * @param folder where the variant's files are; `open{naming.type}` puts them there.
 * @property variant which of the files computes.
 * @param accelerator what it runs on; results are checked for the CPU only.
 * @param numThreads threads of the CPU.
 * @throws com.google.ai.edge.litert.LiteRtException LiteRT cannot load or prepare the file.
 */
class {naming.type} @JvmOverloads constructor(
    private val folder: File,
    val variant: {naming.type}Variant = {naming.type}Variant.{first},
    accelerator: Accelerator = Accelerator.CPU,
    numThreads: Int = 1,
) : AutoCloseable {{
    private val engine = Engine(
        File(folder, variant.file).path, variant.inputs, variant.outputs, accelerator, numThreads,
    )
{_runs(bundle, naming)}
    /**
     * Compares file, labels and preprocessing with the host's, and replays the golden samples here.
     *
     * @throws java.io.IOException a file is missing.
     * @throws IllegalArgumentException the golden samples are not those of the bundle.
     */
    fun selfTest(): SelfTestReport {{
        val golden = GoldenSamples.read(variant.golden, folder)
        val problems = {_problems(bundle, naming)}
        return SelfTest.run(golden, problems) {{ engine.run(it) }}
    }}

    /** Gives back what LiteRT holds. A second time does nothing. */
    override fun close() = engine.close()
}}
"""


def _problems(bundle: Bundle, naming: Naming) -> str:
    """An expression for what is not the host's, looking at the code that the app uses."""
    contract = bundle.models[0].contract
    terms = ["GoldenSamples.problemsOfFile(File(folder, variant.file), variant.sha256)"]
    for spec in contract.outputs:
        if spec.labels:
            labels = f"{naming.type}Labels.{naming.outputs[spec.name]}"
            terms.append(f"golden.problemsOfLabels({quoted(spec.name)}, {labels})")
    for i, spec in enumerate(contract.inputs):
        if spec.preprocessing.kind != "none":
            made = f"{naming.type}Preprocessing.{naming.inputs[spec.name]}"
            raw = _RAW_DATA[spec.preprocessing.kind]
            terms.append(
                f"golden.problemsOfInput(variant.inputs[{i}]) {{\n                "
                f"Quantization.store({made}.preprocess(it.{raw}), variant.inputs[{i}])\n"
                "            }"
            )
    return " +\n            ".join(terms)


def _runs(bundle: Bundle, naming: Naming) -> str:
    """`run` of raw data, and of model inputs where these are something else."""
    contract = bundle.models[0].contract
    raw = any(spec.preprocessing.kind != "none" for spec in contract.inputs)
    text = ""
    if raw:
        parameters, documented, arguments = [], [], []
        for spec in contract.inputs:
            name, kind = naming.inputs[spec.name], spec.preprocessing.kind
            parameters.append(f"{name}: {_RAW.get(kind) or _prepared(bundle, spec)}")
            documented.append(f"     * @param {name} {_RAW_TEXT.get(kind, described(spec))}")
            arguments.append(
                f"{naming.type}Preprocessing.{name}.preprocess({name})" if kind != "none" else name
            )
        text += f"""
    /**
     * Prepares raw data as the contract says, and computes.
     *
{chr(10).join(documented)}
     */
    fun run({_parameters(parameters)}): {naming.type}Result =
        runModelInput({_parameters(arguments, 8)})
"""
    parameters = [
        f"{naming.inputs[spec.name]}: {_prepared(bundle, spec)}" for spec in contract.inputs
    ]
    documented = [
        f"     * @param {naming.inputs[spec.name]} {described(spec)}" for spec in contract.inputs
    ]
    writes = "\n".join(
        f"        engine.write(variant.inputs[{i}], "
        f"Quantization.store({naming.inputs[spec.name]}, variant.inputs[{i}]))"
        for i, spec in enumerate(contract.inputs)
    )
    reads = "\n".join(
        f"            Quantization.{_READ[held(bundle, spec.name, 'outputs')]}"
        f"(engine.read(variant.outputs[{i}]), variant.outputs[{i}]),"
        for i, spec in enumerate(contract.outputs)
    )
    by_app = ", prepared by the app itself" if raw else ""
    return f"""{text}
    /**
     * Computes of what the model takes{by_app}: real numbers,
     * quantized here where the file wants that.
     *
{chr(10).join(documented)}
     * @throws IllegalArgumentException another number of values, or values that cannot be stored.
     */
    fun {"runModelInput" if raw else "run"}({_parameters(parameters)}): {naming.type}Result {{
{writes}
        engine.run()
        return {naming.type}Result(
{reads}
        )
    }}
"""


def _parameters(items: Sequence[str], indent: int = 4) -> str:
    if len(items) == 1:
        return items[0]
    space = " " * indent
    return "\n" + "".join(f"{space}    {item},\n" for item in items) + space


def _android(bundle: Bundle, naming: Naming, folder: str) -> str:
    first = naming.variants[bundle.models[0].variant]
    digests = "".join(model.sha256 + model.golden.sha256 for model in bundle.models)
    version = hashlib.sha256(digests.encode()).hexdigest()[:16]
    return f"""{head(naming)}
import android.content.Context
import com.google.ai.edge.litert.Accelerator
import java.io.File
import java.io.IOException

/**
 * The folder of this variant's files, copied out of the app's assets at the first time.
 *
 * Takes a moment: not for the main thread.
 *
 * @throws IOException the device is full.
 */
fun {naming.type}Variant.install(context: Context): File =
    ModelFiles.install(context, {quoted(folder)}, {quoted(version)}, listOf(file, golden.file))

/**
 * The model, from the app's assets. Not for the main thread; close it in the end.
 *
 * @throws IOException the device is full.
 */
fun open{naming.type}(
    context: Context,
    variant: {naming.type}Variant = {naming.type}Variant.{first},
    accelerator: Accelerator = Accelerator.CPU,
    numThreads: Int = 1,
): {naming.type} = {naming.type}(variant.install(context), variant, accelerator, numThreads)
"""
