"""Kotlin source of what depends on a bundle's contract: variants, preprocessing, the wrapper.

Everything else is hand-written, in `sources/kotlin`: `core`, which knows no Android and no LiteRT,
and `engine`, which is copied into each bundle's own package.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from edgekit.bundle import literals, names
from edgekit.bundling import Bundle, BundledModel, GoldenTensor
from edgekit.errors import ModelError
from edgekit.records import Preprocessing, TensorSpec

# LiteRT's Kotlin buffers take arrays of float, byte, int, long and boolean, and give back as many
# of them as the tensor has numbers: 16-bit numbers cannot be read with them.
_DTYPES = ("float32", "int8", "uint8", "int32", "uint32", "int64", "bool")
# What a class of that name would hide from the code beside it.
_TYPES = """Any Array AutoCloseable Boolean BooleanArray Byte ByteArray Char Double Enum Error
Exception Float FloatArray Int IntArray Iterable LinkedHashMap List Long LongArray Map MutableList
Nothing Number Object Override Pair Short ShortArray String Suppress Throwable Throws Unit
Accelerator AudioInput Channels Classified CompiledModel Context DType Engine File GoldenLayout
GoldenSamples GoldenTensor IOException ImageInput ModelFiles Quantization ResizeMethod RgbImage
SelfTest SelfTestReport Sound Stored TabularInput TensorBuffer TensorInfo TextInput TopK BuildConfig
R Manifest""".split()
# Reserved in packages: Java's words too, since Android generates Java of a module's package.
_JAVA = """abstract assert boolean break byte case catch char class const continue default do
double else enum extends final finally float for goto if implements import instanceof int interface
long native new package private protected public return short static strictfp super switch
synchronized this throw throws transient try void volatile while true false null core""".split()
_MEMBERS = "accelerator close engine folder numThreads run runModelInput selfTest variant".split()
# A method of the JVM ends at 64 kB: longer lists are made in pieces.
_PIECE = 500


@dataclass(frozen=True, slots=True)
class Naming:
    """What things are called in the generated code.

    `inputs`, `outputs` and `variants` map the model's names to identifiers.
    """

    package: str
    type: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    variants: dict[str, str]

    @classmethod
    def of(cls, bundle: Bundle) -> Naming:
        """Identifiers for everything in a bundle."""
        contract = bundle.models[0].contract
        package = names.unique([bundle.name], names.snake, "kotlin", _JAVA)[bundle.name]
        return cls(
            package=package,
            type=names.unique([bundle.name], names.pascal, "kotlin", _TYPES)[bundle.name],
            inputs=names.unique((s.name for s in contract.inputs), names.camel, "kotlin", _MEMBERS),
            outputs=names.unique((s.name for s in contract.outputs), names.camel, "kotlin"),
            variants=names.unique(
                (model.variant for model in bundle.models),
                lambda name: names.snake(name).upper(),
                "kotlin",
            ),
        )


def check(bundle: Bundle) -> None:
    """Refuse what LiteRT's Kotlin buffers cannot hold.

    Raises:
        ModelError: An input or output of another dtype.
    """
    for model in bundle.models:
        for spec in (*model.contract.inputs, *model.contract.outputs):
            if spec.dtype not in _DTYPES:
                raise ModelError(
                    f"LiteRT's Kotlin interface reads and writes {', '.join(_DTYPES)}.",
                    received=f"{model.file}: {spec.name!r} is {spec.dtype}",
                    hint="convert again with --io float32.",
                )


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
        f"{naming.type}Variant.kt": _variants(bundle, naming, assets),
        f"{naming.type}Result.kt": _result(bundle, naming),
        f"{naming.type}Android.kt": _android(bundle, naming, folder),
    }
    contract = bundle.models[0].contract
    if any(spec.preprocessing.kind != "none" for spec in contract.inputs) or any(
        spec.labels for spec in contract.outputs
    ):
        made[f"{naming.type}Contract.kt"] = _contract(bundle, naming)
    return made


def _text(value: str) -> str:
    return literals.string(value, "kotlin")


def comment(text: str) -> str:
    """A name inside a comment: on one line, and never its end or the begin of another."""
    plain = re.sub(r"[\s\x00-\x1f\x7f\u2028\u2029]+", " ", text)
    return plain.replace("*/", "* /").replace("/*", "/ *")


def _float(value: float) -> str:
    return literals.number(value, "kotlin")


def _variants(bundle: Bundle, naming: Naming, assets: dict[str, str]) -> str:
    entries = ",\n\n".join(_variant(model, naming, assets) for model in bundle.models)
    return f"""{_head(naming)}
import dev.edgekit.core.DType
import dev.edgekit.core.GoldenLayout
import dev.edgekit.core.GoldenTensor
import dev.edgekit.core.TensorInfo

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


def _variant(model: BundledModel, naming: Naming, assets: dict[str, str]) -> str:
    contract, golden = model.contract, model.golden
    tensors = "\n".join(_golden_tensor(tensor, model) for tensor in golden.tensors)
    return f"""    /** {comment(model.variant)}: {model.size_bytes:,} bytes. */
    {naming.variants[model.variant]}(
        label = {_text(model.variant)},
        file = {_text(assets[model.file])},
        sizeBytes = {model.size_bytes}L,
        sha256 = {_text(model.sha256)},
        inputs = listOf(
{_infos(contract.inputs)}
        ),
        outputs = listOf(
{_infos(contract.outputs)}
        ),
        golden = GoldenLayout(
            file = {_text(assets[golden.file])},
            sha256 = {_text(golden.sha256)},
            numSamples = {golden.num_samples},
            sampleBytes = {golden.sample_bytes},
            tensors = listOf(
{tensors}
            ),
        ),
    )"""


def _infos(specs: Iterable[TensorSpec]) -> str:
    return "\n".join(f"            {_info(spec)}," for spec in specs)


def _info(spec: TensorSpec) -> str:
    shape = ", ".join(str(side) for side in spec.shape)
    text = f"TensorInfo({_text(spec.name)}, listOf<Int>({shape}), DType.{spec.dtype.upper()}"
    if spec.scale:
        text += f", {_float(spec.scale[0])}, {spec.zero_point[0]}"
    return text + ")"


def _golden_tensor(tensor: GoldenTensor, model: BundledModel) -> str:
    is_input = tensor.role == "input"
    contract = model.contract
    specs = contract.inputs if is_input else contract.outputs
    spec = next(spec for spec in specs if spec.name == tensor.name)
    role = "true" if is_input else "false"
    space = " " * 20
    return f"""                GoldenTensor(
{space}{_info(spec)},
{space}isInput = {role}, offset = {tensor.offset}, tolerance = {_float(tensor.tolerance)},
                ),"""


def _result(bundle: Bundle, naming: Naming) -> str:
    contract = bundle.models[0].contract
    classes = [spec for spec in contract.outputs if _is_classes(bundle, spec)]
    documented, properties, tops = [], [], []
    for spec in contract.outputs:
        name = naming.outputs[spec.name]
        documented.append(f" * @property {name} {_described(spec)}")
        properties.append(f"    val {name}: {_held(bundle, spec.name, 'outputs')},")
    suffixes = names.unique((spec.name for spec in classes), names.pascal, "kotlin")
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
    return f"""{_head(naming)}{chr(10) + imports if imports else ""}
/**
 * What [{naming.type}] computes, as real numbers.
 *
{chr(10).join(documented)}
 */
class {naming.type}Result(
{chr(10).join(properties)}
){body}
"""


def _described(spec: TensorSpec) -> str:
    shape = " x ".join(str(side) for side in spec.shape) or "one number"
    text = f"`{comment(spec.name)}`, {shape}"
    if spec.activation and spec.activation != "none":
        text += f", after {spec.activation}"
    return text + "."


def _is_classes(bundle: Bundle, spec: TensorSpec) -> bool:
    """Whether an output is one score for each class."""
    is_row = len(spec.shape) == 2 and spec.shape[0] == 1 and spec.shape[1] > 1
    labelled = not spec.labels or len(spec.labels) == spec.shape[-1]
    return is_row and labelled and _held(bundle, spec.name, "outputs") == "FloatArray"


def _held(bundle: Bundle, name: str, side: str) -> str:
    """The array that an app has for a tensor: what every variant's numbers fit into."""
    kinds = set()
    for model in bundle.models:
        specs: tuple[TensorSpec, ...] = getattr(model.contract, side)
        spec = next(spec for spec in specs if spec.name == name)
        kinds.add("float32" if spec.scale else spec.dtype)
    if "float32" in kinds:
        return "FloatArray"
    if kinds & {"int64", "uint32"}:
        return "LongArray"
    return "BooleanArray" if kinds == {"bool"} else "IntArray"


_READ = {
    "FloatArray": "real",
    "LongArray": "whole",
    "IntArray": "ints",
    "BooleanArray": "truths",
}
_RAW = {"image": "RgbImage", "audio": "Sound", "tabular": "FloatArray", "text": "String"}
_RAW_TEXT = {
    "image": "a picture of any size, turned upright",
    "audio": "sound of the model's sample rate",
    "tabular": "the features, in the contract's order",
    "text": "a text",
}


def _prepared(bundle: Bundle, spec: TensorSpec) -> str:
    """The array that preprocessing gives, or an app that does it itself."""
    if spec.preprocessing.kind == "text":
        return "IntArray"
    if spec.preprocessing.kind != "none":
        return "FloatArray"
    return _held(bundle, spec.name, "inputs")


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
    return f"""{_head(naming)}
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
     * Replays the golden samples on this device.
     *
     * @throws java.io.IOException their file is missing.
     * @throws IllegalArgumentException it is not the one that the bundle was made with.
     */
    fun selfTest(): SelfTestReport =
        SelfTest.run(GoldenSamples.read(variant.golden, folder)) {{ engine.run(it) }}

    /** Gives back what LiteRT holds. A second time does nothing. */
    override fun close() = engine.close()
}}
"""


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
            documented.append(f"     * @param {name} {_RAW_TEXT.get(kind, _described(spec))}")
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
        f"     * @param {naming.inputs[spec.name]} {_described(spec)}" for spec in contract.inputs
    ]
    writes = "\n".join(
        f"        engine.write(variant.inputs[{i}], "
        f"Quantization.store({naming.inputs[spec.name]}, variant.inputs[{i}]))"
        for i, spec in enumerate(contract.inputs)
    )
    reads = "\n".join(
        f"            Quantization.{_READ[_held(bundle, spec.name, 'outputs')]}"
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


def _contract(bundle: Bundle, naming: Naming) -> str:
    contract = bundle.models[0].contract
    pieces = _Pieces(f"{naming.type}Piece")
    inputs, labels, used = [], [], set()
    for spec in contract.inputs:
        if spec.preprocessing.kind != "none":
            types, made = _preprocessor(spec, pieces)
            used |= types
            inputs.append(
                f"    /** Makes `{comment(spec.name)}` of raw data. */\n"
                f"    val {naming.inputs[spec.name]} = {made}\n"
            )
    for spec in contract.outputs:
        if spec.labels:
            array = pieces.array([_text(label) for label in spec.labels], "arrayOf<String>")
            labels.append(
                f"    /** Of `{comment(spec.name)}`, in its order. */\n"
                f"    val {naming.outputs[spec.name]}: List<String> = {array}.asList()\n"
            )
    text = _head(naming)
    if used:
        text += "\n" + "".join(f"import dev.edgekit.core.{name}\n" for name in sorted(used))
    for summary, suffix, members in (
        ("What makes model inputs of raw data, as the host does.", "Preprocessing", inputs),
        ("What the model's classes are called.", "Labels", labels),
    ):
        if members:
            body = "\n".join(members)
            text += f"\n/** {summary} */\nobject {naming.type}{suffix} {{\n{body}}}\n"
    return text + pieces.text


class _Pieces:
    """Long arrays as objects of their own, so that no method grows too long."""

    def __init__(self, stem: str) -> None:
        self._stem = stem
        self._count = 0
        self.text = ""

    def array(self, items: Sequence[str], make: str) -> str:
        """An expression for an array of these literals; `make` is as `floatArrayOf`."""
        if len(items) <= _PIECE:
            return f"{make}({_wrapped(items)})"
        made = []
        for start in range(0, len(items), _PIECE):
            name = f"{self._stem}{self._count}"
            self._count += 1
            piece = f"{make}({_wrapped(items[start : start + _PIECE])})"
            self.text += f"\nprivate object {name} {{\n    val values = {piece}\n}}\n"
            made.append(f"{name}.values")
        return "(" + " + ".join(made) + ")"


def _wrapped(items: Sequence[str]) -> str:
    """Items on one line, or on lines of about 100 characters."""
    one = ", ".join(items)
    if len(one) <= 60:
        return one
    lines, line = [], ""
    for item in items:
        if line and len(line) + len(item) > 86:
            lines.append(line)
            line = ""
        line += f"{item}, "
    lines.append(line)
    return "\n" + "".join(f"        {text.rstrip()}\n" for text in lines) + "    "


def _preprocessor(spec: TensorSpec, pieces: _Pieces) -> tuple[set[str], str]:
    """The types used, and the expression of an input's preprocessing."""
    rules = spec.preprocessing
    make: dict[str, Callable[[], tuple[set[str], str]]] = {
        "image": lambda: _image(rules, pieces),
        "audio": lambda: (
            {"AudioInput"},
            f"AudioInput({rules.window}, {_normalization(rules, pieces)})",
        ),
        "tabular": lambda: (
            {"TabularInput"},
            f"TabularInput({spec.shape[-1] if spec.shape else 1}, {_normalization(rules, pieces)})",
        ),
        "text": lambda: (
            {"TextInput"},
            "TextInput("
            + pieces.array([_text(entry) for entry in rules.vocabulary], "arrayOf<String>")
            + f", {spec.shape[-1]}, {rules.unknown_id})",
        ),
    }
    return make[rules.kind]()


def _image(rules: Preprocessing, pieces: _Pieces) -> tuple[set[str], str]:
    assert rules.size is not None  # checked when the model was converted
    height, width = rules.size
    return {"Channels", "ImageInput", "ResizeMethod"}, (
        f"ImageInput(\n        {height}, {width}, ResizeMethod.{rules.resize.upper()}, "
        f"{rules.resize_shorter_to or 0}, Channels.{rules.channels.upper()},\n"
        f"        {_normalization(rules, pieces)},\n    )"
    )


def _normalization(rules: Preprocessing, pieces: _Pieces) -> str:
    return ", ".join(
        pieces.array([_float(value) for value in values], "floatArrayOf")
        for values in (rules.mean, rules.std)
    )


def _android(bundle: Bundle, naming: Naming, folder: str) -> str:
    first = naming.variants[bundle.models[0].variant]
    digests = "".join(model.sha256 + model.golden.sha256 for model in bundle.models)
    version = hashlib.sha256(digests.encode()).hexdigest()[:16]
    return f"""{_head(naming)}
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
    ModelFiles.install(context, {_text(folder)}, {_text(version)}, listOf(file, golden.file))

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


def _head(naming: Naming) -> str:
    return f"""// Generated by `edgekit bundle` from contract.json: do not edit.
package dev.edgekit.{naming.package}
"""
