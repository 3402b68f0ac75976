"""Records of the contract as Swift expressions, laid out as swift-format does it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from edgekit.codegen import literals
from edgekit.core.bundle_record import (
    BundledModel,
    ColumnError,
    GoldenLabels,
    GoldenRaw,
    GoldenTensor,
)
from edgekit.core.records import Preprocessing, TensorSpec

_LINE = 100
# An array literal of this many strings takes the compiler long; one string does not.
_MANY = 256


def info(model: BundledModel) -> str:
    """A `ModelInfo`, to stand behind `return` in a switch."""
    golden = model.golden
    return call(
        "ModelInfo",
        [
            f"variant: {text(model.variant)}",
            f"file: {text(model.file)}",
            f"byteCount: {model.size_bytes}",
            f"sha256: {text(model.sha256)}",
            f"oldestRuntime: {text(model.oldest_runtime)}",
            f"inputs: {_array([_spec(s, 10) for s in model.contract.inputs], 8)}",
            f"outputs: {_array([_spec(s, 10) for s in model.contract.outputs], 8)}",
            "golden: "
            + call(
                "GoldenSamples",
                [
                    f"file: {text(golden.file)}",
                    f"byteCount: {golden.num_bytes}",
                    f"sampleCount: {golden.num_samples}",
                    f"sampleByteCount: {golden.sample_bytes}",
                    f"tensors: {_array([_golden(t, 12) for t in golden.tensors], 10)}",
                    f"raw: {_array([_raw(raw, 12) for raw in golden.raw], 10)}",
                    f"labels: {_array([_labels(one, 12) for one in golden.labels], 10)}",
                ],
                8,
                always=True,
            ),
        ],
        6,
        always=True,
    )


def _spec(spec: TensorSpec, indent: int) -> str:
    given = [f"name: {text(spec.name)}", f"shape: {list(spec.shape)}", f"type: .{spec.dtype}"]
    if spec.scale:
        scale = literals.number(spec.scale[0], "swift")
        given.append(f"quantization: Quantization(scale: {scale}, zeroPoint: {spec.zero_point[0]})")
    return call("TensorSpec", given, indent)


def _golden(tensor: GoldenTensor, indent: int) -> str:
    given = [
        f"role: .{tensor.role}",
        f"name: {text(tensor.name)}",
        f"offset: {tensor.offset}",
        f"byteCount: {tensor.num_bytes}",
    ]
    if tensor.tolerance:
        allowed = tensor.tolerance
        given_tolerance = [f"worst: {_double(allowed.worst)}", f"rms: {_double(allowed.rms)}"]
        if allowed.agreement is not None:
            given_tolerance.append(f"agreement: {_double(allowed.agreement)}")
        if allowed.threshold is not None:
            given_tolerance.append(f"threshold: {_double(allowed.threshold)}")
        if allowed.columns:
            columns = [_column_tolerance(one, indent + 6) for one in allowed.columns]
            given_tolerance.append(f"columns: {_array(columns, indent + 4)}")
        given.append(f"tolerance: {call('Tolerance', given_tolerance, indent + 2)}")
    return call("GoldenTensor", given, indent)


def _column_tolerance(allowed: ColumnError, indent: int) -> str:
    columns = f"columns: {allowed.start}..<{allowed.stop}"
    worst, rms = _double(allowed.worst), _double(allowed.rms)
    return call("ColumnTolerance", [columns, f"worst: {worst}", f"rms: {rms}"], indent)


def _double(value: float) -> str:
    return repr(float(value)) if math.isfinite(value) else ".infinity"


def _raw(raw: GoldenRaw, indent: int) -> str:
    expected = f"{raw.expected_offset}..<{raw.expected_offset + raw.expected_num_bytes}"
    given = [
        f"input: {text(raw.input)}",
        f"shape: {list(raw.shape)}",
        f"bytes: {raw.offset}..<{raw.offset + raw.num_bytes}",
        f"stride: {raw.stride}",
        f"expected: {expected}",
    ]
    return call("GoldenRaw", given, indent)


def _labels(labels: GoldenLabels, indent: int) -> str:
    place = f"{labels.offset}..<{labels.offset + labels.num_bytes}"
    return call("GoldenLabels", [f"output: {text(labels.output)}", f"bytes: {place}"], indent)


def preprocessing(spec: TensorSpec) -> str:
    """An `ImageInput`, `AudioInput`, `TabularInput` or `TextInput`, to be a static constant."""
    rules = spec.preprocessing
    if rules.kind == "text":
        return call(
            "TextInput",
            [
                f"length: {spec.shape[-1]}",
                f"vocabulary: {strings(rules.vocabulary, 6)}",
                f"unknownID: {rules.unknown_id}",
            ],
            4,
            always=True,
        )
    given = _PREPROCESSING[rules.kind][1](spec, rules)
    numbers = [
        f"{key}: {_array([literals.number(v, 'swift') for v in values], 8)}"
        for key, values in (("mean", rules.mean), ("std", rules.std))
    ]
    given.append(f"normalization: {call('Normalization', numbers, 6)}")
    return call(_PREPROCESSING[rules.kind][0], given, 4, always=True)


def _image(spec: TensorSpec, rules: Preprocessing) -> list[str]:
    height, width = rules.image_size
    shorter = rules.resize_shorter_to
    first, *rest = rules.resize.split("-")
    return [
        f"height: {height}",
        f"width: {width}",
        f"resize: .{first}{''.join(map(str.capitalize, rest))}",
        *([f"shorterSide: {shorter}"] if shorter is not None else []),
        f"channels: .{rules.channels}",
    ]


def _audio(spec: TensorSpec, rules: Preprocessing) -> list[str]:
    rate = rules.sample_rate
    return [f"window: {rules.window}", *([f"sampleRate: {rate}"] if rate is not None else [])]


def _tabular(spec: TensorSpec, rules: Preprocessing) -> list[str]:
    columns = [f"columns: {strings(rules.columns, 6)}"] if rules.columns else []
    features = spec.shape[-1] if spec.shape else 1
    return [f"count: {math.prod(spec.shape)}", f"features: {features}", *columns]


_PREPROCESSING: dict[str, tuple[str, Callable[[TensorSpec, Preprocessing], list[str]]]] = {
    "image": ("ImageInput", _image),
    "audio": ("AudioInput", _audio),
    "tabular": ("TabularInput", _tabular),
}


def strings(texts: Sequence[str], indent: int) -> str:
    """An array of strings: a literal, or for many of them one string that is taken apart."""
    if len(texts) < _MANY or any("\0" in each for each in texts):
        return _array([text(each) for each in texts], indent + (2 if indent == 2 else 0))
    return (
        f"{text(chr(0).join(texts))}\n{' ' * (indent + 4)}"
        '.split(separator: "\\0", omittingEmptySubsequences: false).map(String.init)'
    )


def _array(elements: Sequence[str], indent: int) -> str:
    """An array literal; of several lines where it begins at `indent` and one is too short."""
    line = f"[{', '.join(elements)}]"
    if "\n" not in line and len(line) + indent + 20 <= _LINE:
        return line
    comma = "," if len(elements) > 1 else ""
    inner = (",\n" + " " * (indent + 2)).join(elements)
    return f"[\n{' ' * (indent + 2)}{inner}{comma}\n{' ' * indent}]"


def call(function: str, arguments: Sequence[str], indent: int, always: bool = False) -> str:
    """A call; an argument a line where one line is too short, or `always`."""
    line = f"{function}({', '.join(arguments)})"
    if not always and "\n" not in line and len(line) + indent + 20 <= _LINE:
        return line
    inner = (",\n" + " " * (indent + 2)).join(arguments)
    close = f"\n{' ' * indent})" if function.startswith("public func") else ")"
    return f"{function}(\n{' ' * (indent + 2)}{inner}{close}"


def text(value: str) -> str:
    """A string literal."""
    return literals.string(value, "swift")
