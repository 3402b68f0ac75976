"""Swift source of what depends on a bundle's contract: variants, preprocessing, the wrapper.

Everything else is hand-written: `EdgeKitCore`, in `sources/swift`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgekit.codegen import identifiers
from edgekit.codegen.output_words import output_words
from edgekit.codegen.swift import swift_expressions as expressions
from edgekit.codegen.swift.swift_expressions import text
from edgekit.core.bundle_record import Bundle
from edgekit.core.errors import ModelError
from edgekit.core.records import TensorSpec

_DTYPES = """bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32
float64""".split()
# What a type of that name would hide from the code beside it, and modules it would hide.
_TYPES = """AnyObject Array AudioInput AudioToolbox Benchmark Bool Bundle CLiteRT CaseIterable
ChannelOrder ColumnTolerance Data Darwin Dictionary Dispatch Double EdgeKitCore EdgeKitError
ElementType Encodable Engine EngineMaker Engines Equatable Error Float Foundation GoldenLabels
GoldenRaw GoldenSamples GoldenTensor Hashable ImageInput Inputs Int Int16 LabelledScores Labels
LiteRTEngine Models ModelInfo ModelRunner Never Normalization Optional OutputDifference OwnCode
PackageDescription Prediction Quantization RGBImage Range RawData RawRepresentable ResizeMethod
ResourceFolder Result SHA256 SelfTest SelfTestReport SelfTests Sendable Set Sound Statistics String
Swift TabularInput Task TensorFlowLite TensorFlowLiteEngine TensorSpec TestCase TextInput Tolerance
UInt8 Void XCTest XCTestCase""".split()
_CASES = "allCases description hash hashValue info rawValue".split()


@dataclass(frozen=True, slots=True)
class Naming:
    """What things are called in the generated code.

    `type` is the module and its class. `inputs`, `outputs` and `variants` map the model's names
    to identifiers.
    """

    type: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    variants: dict[str, str]

    @classmethod
    def of(cls, bundle: Bundle) -> Naming:
        """Identifiers for everything in a bundle."""
        contract = bundle.models[0].contract

        def camel(some: Iterable[str], *taken: str) -> dict[str, str]:
            return identifiers.unique(some, identifiers.camel, "swift", taken)

        return cls(
            type=identifiers.unique([bundle.name], identifiers.pascal, "swift", _TYPES)[
                bundle.name
            ],
            inputs=camel((spec.name for spec in contract.inputs), "made", "specs"),
            outputs=camel((spec.name for spec in contract.outputs), "seconds"),
            variants=camel((model.variant for model in bundle.models), *_CASES),
        )


def check(bundle: Bundle) -> None:
    """Refuse tensors that an app cannot fill.

    Raises:
        ModelError: A tensor holds no numbers.
    """
    for model in bundle.models:
        for spec in (*model.contract.inputs, *model.contract.outputs):
            if spec.dtype not in _DTYPES:
                raise ModelError(
                    f"The type of a tensor in Swift must be one of {', '.join(_DTYPES)}.",
                    received=f"{model.file}: {spec.name!r} of {spec.dtype}",
                )


def variants(bundle: Bundle, naming: Naming) -> str:
    """`NAMEVariant.swift`: an enumeration of the model files, and the contract of each."""
    cases, returns = [], []
    for model in bundle.models:
        case = naming.variants[model.variant]
        cases += [
            f"  /// {text(model.file)}, {model.size_bytes} bytes.",
            f"  case {case} = {text(model.variant)}",
        ]
        returns += [f"    case .{case}:", f"      return {expressions.info(model)}"]
    return _lines(
        _header(bundle),
        "import EdgeKitCore",
        "",
        f"/// The files of {text(bundle.name)}, which an app can switch between.",
        f"public enum {naming.type}Variant: String, CaseIterable, Sendable {{",
        *cases,
        "",
        "  /// What the contract says of the file.",
        "  public var info: ModelInfo {",
        "    switch self {",
        *returns,
        "    }",
        "  }",
        "}",
    )


def result(bundle: Bundle, naming: Naming) -> str:
    """`NAMEResult.swift`: a property for each output."""
    properties, assigned = [], []
    for index, spec in enumerate(bundle.models[0].contract.outputs):
        called = naming.outputs[spec.name]
        kind, method = _output(bundle, index)
        value = f"info.outputs[{index}].{method}(outputs[{index}])"
        if kind == "LabelledScores":
            labels = f"{naming.type}.Labels.{called}"
            value = f"LabelledScores(\n      values: {value},\n      labels: {labels})"
        words = output_words(spec)
        properties += [
            f"  /// Output {text(spec.name)}, of shape {list(spec.shape)}"
            f"{f': {words}' if words else ''}.",
            f"  public let {called}: {kind}",
        ]
        assigned.append(f"    self.{called} = {value}")
    return _lines(
        _header(bundle),
        "import EdgeKitCore",
        "",
        f"/// What {text(bundle.name)} says of one input.",
        f"public struct {naming.type}Result: Sendable {{",
        *properties,
        "  /// Seconds that it took to hand over inputs, to run and to read outputs back.",
        "  public let seconds: Double",
        "",
        "  init(_ outputs: [[UInt8]], of info: ModelInfo, seconds: Double) {",
        *assigned,
        "    self.seconds = seconds",
        "  }",
        "}",
    )


def wrapper(bundle: Bundle, naming: Naming) -> str:
    """`NAME.swift`: the class that an app calls."""
    inputs = bundle.models[0].contract.inputs
    labelled = [spec for spec in bundle.models[0].contract.outputs if spec.labels]
    parameters, stored, documented = [], [], []
    for index, spec in enumerate(inputs):
        kind, word, call = _input(bundle, index)
        called = word if len(inputs) == 1 else naming.inputs[spec.name]
        parameters.append(f"{called}: {kind}")
        values = call.format(made=f"Inputs.{naming.inputs[spec.name]}", given=called)
        stored.append(f"      try specs[{index}].stored({values}),")
        documented.append(f"  ///   - {called}: {_input_says(spec)}")
    preprocessed = [spec for spec in inputs if spec.preprocessing.kind != "none"]
    name, first = naming.type, naming.variants[bundle.models[0].variant]
    return _lines(
        _header(bundle),
        "import EdgeKitCore",
        "import Foundation",
        "",
        f"/// The model {text(bundle.name)}. One thread at a time may use it.",
        f"public final class {name} {{",
        *_namespace(
            "Inputs",
            "How inputs are made of raw data, as on the host.",
            [
                (
                    naming.inputs[spec.name],
                    f"Input {text(spec.name)}.",
                    expressions.preprocessing(spec),
                )
                for spec in preprocessed
            ],
        ),
        *_namespace(
            "Labels",
            "The names of classes, in the order of the output's values.",
            [
                (
                    naming.outputs[spec.name],
                    f"Output {text(spec.name)}.",
                    expressions.strings(spec.labels, 2),
                )
                for spec in labelled
            ],
            ": [String]",
        ),
        "  /// Which of the bundle's files is loaded.",
        f"  public let variant: {name}Variant",
        "  private let runner: ModelRunner",
        "",
        "  /// Load a model file of the bundle.",
        "  ///",
        "  /// - Parameters:",
        "  ///   - variant: Which one.",
        "  ///   - threads: Processor cores that a run may use.",
        "  ///   - engine: What runs it; the one that the app is linked with by default.",
        "  /// - Throws: `EdgeKitError` where a file is missing; what the engine throws.",
        "  public init(",
        f"    variant: {name}Variant = .{first}, threads: Int = 1,",
        "    engine: EngineMaker = Engines.make",
        "  ) throws {",
        "    self.variant = variant",
        "    let resources = ResourceFolder(Self.bundle)",
        "    runner = try ModelRunner(",
        "      variant.info, resources: resources, threads: threads, engine: engine)",
        "  }",
        "",
        "  /// Run the model once.",
        "  ///",
        "  /// - Parameters:",
        *documented,
        "  /// - Throws: `EdgeKitError` for an input that the model does not take; what the engine",
        "  ///   throws.",
        f"  {expressions.call('public func run', parameters, 2)} throws -> {name}Result {{",
        "    let specs = self.runner.info.inputs",
        "    let made = try self.runner.run([",
        *stored[:-1],
        stored[-1].removesuffix(",") if len(stored) == 1 else stored[-1],
        "    ])",
        f"    return {name}Result(made.outputs, of: self.runner.info, seconds: made.seconds)",
        "  }",
        "",
        "  /// Compare file, labels and preprocessing with the host, replay the golden samples.",
        "  ///",
        "  /// - Throws: `EdgeKitError` where a file is missing; what the engine throws.",
        "  public func selfTest() throws -> SelfTestReport {",
        *_own_code(bundle, naming),
        "  }",
        "",
        "  /// Holds the model files: the package's resources, or those of the app's own target.",
        "  static var bundle: Bundle {",
        "    #if SWIFT_PACKAGE",
        "      return Bundle.module",
        "    #else",
        f"      return Bundle(for: {name}.self)",
        "    #endif",
        "  }",
        "}",
    )


def _own_code(bundle: Bundle, naming: Naming) -> list[str]:
    """The self-test of the very code that `run` uses."""
    contract = bundle.models[0].contract
    inputs = [
        f"{text(spec.name)}: {{ try $1.stored(Inputs.{naming.inputs[spec.name]}.{method}({raw})) }}"
        for spec in contract.inputs
        if spec.preprocessing.kind != "none"
        for method, raw in [_PREPARES[spec.preprocessing.kind]]
    ]
    labels = [
        f"{text(spec.name)}: Labels.{naming.outputs[spec.name]}"
        for spec in contract.outputs
        if spec.labels
    ]
    lines = ["    try runner.selfTest(", "      OwnCode("]
    for name, entries, end in (("inputs", inputs, ","), ("labels", labels, "))")):
        if not entries:
            lines.append(f"        {name}: [:]{end}")
            continue
        comma = "," if len(entries) > 1 else ""  # as swift-format has it
        body = [f"          {entry}," for entry in entries[:-1]]
        body.append(f"          {entries[-1]}{comma}")
        lines += [f"        {name}: [", *body, f"        ]{end}"]
    return lines


# By kind: the method of the preprocessing, and the raw data that it takes.
_PREPARES = {
    "image": ("values", "$0.image()"),
    "audio": ("values", "$0.sound()"),
    "tabular": ("values", "$0.numbers()"),
    "text": ("ids", "$0.text()"),
}


def tests(bundle: Bundle, naming: Naming) -> str:
    """`SelfTests.swift`: the self-test of every variant, as a test of the package."""
    return _lines(
        _header(bundle),
        "import XCTest",
        "",
        f"@testable import {naming.type}",
        "",
        "final class SelfTests: XCTestCase {",
        "  func testEveryVariantComputesWhatTheHostComputed() throws {",
        f"    for variant in {naming.type}Variant.allCases {{",
        f"      let report = try {naming.type}(variant: variant).selfTest()",
        "      XCTAssertEqual(report.sampleCount, variant.info.golden.sampleCount)",
        '      XCTAssertTrue(report.passed, "\\(variant): \\(report)")',
        "    }",
        "  }",
        "}",
    )


def example(bundle: Bundle, naming: Naming) -> str:
    """Lines that load the model, run it and use its first output."""
    inputs = bundle.models[0].contract.inputs
    arguments = []
    for index, spec in enumerate(inputs):
        kind, word, _ = _input(bundle, index)
        called = word if len(inputs) == 1 else naming.inputs[spec.name]
        arguments.append(f"{called}: {called}")
    first = naming.outputs[bundle.models[0].contract.outputs[0].name]
    kind, _ = _output(bundle, 0)
    return (
        f"let model = try {naming.type}(variant: .{naming.variants[bundle.models[0].variant]})\n"
        f"let result = try model.run({', '.join(arguments)})\n"
        f"print(result.{first}{'.topK(3)' if kind == 'LabelledScores' else ''})"
    )


def _input(bundle: Bundle, index: int) -> tuple[str, str, str]:
    """The Swift type of an input, its argument's name where it is the only one, its values."""
    spec = bundle.models[0].contract.inputs[index]
    match spec.preprocessing.kind:
        case "image":
            return "RGBImage", "image", "{made}.values({given})"
        case "audio":
            return "Sound", "sound", "{made}.values({given})"
        case "tabular":
            return "[Float]", "features", "{made}.values({given})"
        case "text":
            return "String", "text", "{made}.ids({given})"
    plain = _plain([model.contract.inputs[index] for model in bundle.models])
    return f"[{plain}]", "values", "{given}"


def _input_says(spec: TensorSpec) -> str:
    sizes = f"of shape {list(spec.shape)}"
    match spec.preprocessing.kind:
        case "image":
            return "A picture of any size, upright."
        case "audio":
            rate = spec.preprocessing.sample_rate
            return f"Sound of {rate} frames a second." if rate else "Sound."
        case "tabular":
            return f"Values {sizes} in C order, not normalized."
        case "text":
            return "Text of any length."
    return f"Values {sizes} in C order, as the model takes them."


def _output(bundle: Bundle, index: int) -> tuple[str, str]:
    """The Swift type of an output, and the method of `TensorSpec` that reads it."""
    spec = bundle.models[0].contract.outputs[index]
    plain = _plain([model.contract.outputs[index] for model in bundle.models])
    if plain == "Float" and spec.labels and math.prod(spec.shape) == len(spec.labels):
        return "LabelledScores", "reals"
    return f"[{plain}]", {"Float": "reals", "Int": "integers", "Bool": "booleans"}[plain]


def _plain(specs: Sequence[TensorSpec]) -> str:
    """Integers where every variant stores plain integers; else real values."""
    if all(spec.dtype == "bool" for spec in specs):
        return "Bool"
    whole = all(not spec.dtype.startswith("float") and not spec.scale for spec in specs)
    return "Int" if whole else "Float"


def _namespace(
    name: str, says: str, members: Sequence[tuple[str, str, str]], annotation: str = ""
) -> list[str]:
    if not members:
        return []
    lines = [f"  /// {says}", f"  public enum {name} {{"]
    for called, documented, value in members:
        lines += [f"    /// {documented}", f"    public static let {called}{annotation} = {value}"]
    return [*lines, "  }", ""]


def _header(bundle: Bundle) -> str:
    return f"// Made by edgekit {bundle.edgekit} of contract.json; making it again replaces it.\n"


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"
