"""The module of a Python bundle, generated of the contract: types, names and labels."""

from __future__ import annotations

from edgekit.codegen import identifiers
from edgekit.codegen.literals import string
from edgekit.codegen.output_words import output_words
from edgekit.core.bundle_record import Bundle
from edgekit.core.records import Contract, TensorSpec

_SCOPE = (
    "Any",
    "LABELS",
    "Literal",
    "Model",
    "OutputCheck",
    "Score",
    "SelfTest",
    "Variant",
    "VARIANTS",
)
_RAW = {
    "image": "np.ndarray | PIL.Image.Image | str | os.PathLike[str]",
    "audio": "np.ndarray",
    "tabular": "np.ndarray | Sequence[float]",
    "text": "str",
    "none": "np.ndarray",
}
_TAKES = {
    "image": "pixels, 0 to 255, of shape (height, width) or (height, width, 1, 3 or 4): any size; "
    "a Pillow image; or a file",
    "audio": "sound of shape (samples,) or (samples, channels), at {rate} samples a second",
    "tabular": "numbers of shape {shape}{columns}",
    "text": "one string",
    "none": "real values of shape {shape}",
}
_KEEPS = ("    It keeps state from call to call. A new one starts afresh.", "")


def class_name(bundle: Bundle) -> str:
    """The class that a program uses: `Digits`."""
    return identifiers.unique([bundle.name], identifiers.pascal, "python", _SCOPE)[bundle.name]


def contract(bundle: Bundle) -> Contract:
    """What all variants have in common, but for how tensors are stored."""
    return bundle.models[0].contract


def _sample(spec: TensorSpec) -> tuple[int, ...]:
    return spec.shape[1:] if spec.shape[:1] == (1,) else spec.shape


def module(bundle: Bundle, package: str) -> str:
    """The source of `__init__.py`: the model's class, its outputs, its labels."""
    shared, name = contract(bundle), class_name(bundle)
    images = any(spec.preprocessing.kind == "image" for spec in shared.inputs)
    tables = any(spec.preprocessing.kind == "tabular" for spec in shared.inputs)
    inputs = identifiers.unique([s.name for s in shared.inputs], identifiers.snake, "python")
    outputs = identifiers.unique([s.name for s in shared.outputs], identifiers.snake, "python")
    tops = identifiers.unique(
        [s.name for s in shared.outputs],
        lambda n: f"top_{identifiers.snake(n)}",
        "python",
        outputs.values(),
    )
    constants = identifiers.unique(
        [s.name for s in shared.outputs],
        lambda n: f"{identifiers.snake(n).upper()}_LABELS",
        "python",
        (name, *_SCOPE),
    )
    variants = [model.variant for model in bundle.models]
    lines = [
        f'"""The model {string(bundle.name, "python")} as a package: `{name}` runs it.',
        "",
        f"Made by edgekit {bundle.edgekit}; do not edit. `python -m {package}` replays the golden",
        "samples of the host.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        *(["import os"] if images else []),
        *(["from collections.abc import Sequence"] if tables else []),
        "from dataclasses import dataclass",
        f"from typing import {'TYPE_CHECKING, ' if images else ''}Literal",
        "",
        "import numpy as np",
        "",
        "from ._model import Model, OutputCheck, SelfTest",
        "from ._tensors import Score, top_k",
        "",
        *(["if TYPE_CHECKING:", "    import PIL.Image", ""] if images else []),
        f"Variant = Literal[{', '.join(string(v, 'python') for v in variants)}]",
        f"VARIANTS: tuple[Variant, ...] = ({_listed(variants)})",
    ]
    for spec in shared.outputs:
        if spec.labels:
            lines += [f"{constants[spec.name]} = ("]
            lines += [f"    {string(label, 'python')}," for label in spec.labels]
            lines += [")"]
    lines += ["LABELS: dict[str, tuple[str, ...]] = {"]
    lines += [
        f"    {string(spec.name, 'python')}: {constants[spec.name]},"
        for spec in shared.outputs
        if spec.labels
    ]
    lines += ["}"]
    lines += ["", "", "@dataclass(frozen=True, eq=False)", f"class {name}Outputs:"]
    lines += ['    """What the model gives for one sample, in real values without the batch.', ""]
    for spec in shared.outputs:
        lines.append(f"    {outputs[spec.name]}: {_output_words(spec)}.")
    lines += ['    """', ""]
    lines += [f"    {outputs[spec.name]}: np.ndarray" for spec in shared.outputs]
    for spec in shared.outputs:
        if _has_classes(spec):
            labels = constants[spec.name] if spec.labels else "()"
            lines += [
                "",
                f"    def {tops[spec.name]}(self, count: int = 5) -> list[Score]:",
                '        """The largest values, largest first, with their labels."""',
                f"        return top_k(self.{outputs[spec.name]}, {labels}, count)",
            ]
    raw = [f"{inputs[s.name]}: {_RAW[s.preprocessing.kind]}" for s in shared.inputs]
    real = [f"{inputs[s.name]}: np.ndarray" for s in shared.inputs]
    given = ", ".join(f"{string(s.name, 'python')}: {inputs[s.name]}" for s in shared.inputs)
    result = ", ".join(
        f"{outputs[s.name]}=found[{string(s.name, 'python')}]" for s in shared.outputs
    )
    lines += [
        "",
        "",
        f"class {name}:",
        '    """The model, loaded. Not for several threads at once.',
        "",
        *(_KEEPS if shared.kept_state else ()),
        "    Args:",
        "        variant: Which file to run.",
        "        num_threads: For the CPU's kernels.",
        "",
        "    Raises:",
        "        ImportError: Neither ai-edge-litert nor tflite-runtime is installed.",
        "        ValueError: Another variant.",
        '    """',
        "",
        "    def __init__(",
        "        self,",
        f"        variant: Variant = {string(variants[0], 'python')},",
        "        num_threads: int = 1,",
        "    ) -> None:",
        "        self.variant = variant",
        "        self._model = Model(variant, num_threads, LABELS)",
        "",
        *_method("run", raw, f"{name}Outputs"),
        '        """Run one raw sample: it is preprocessed as on the host.',
        "",
        "        Args:",
        *[f"            {inputs[s.name]}: {_input_words(s)}." for s in shared.inputs],
        "",
        "        Raises:",
        "            ValueError: A sample is not what the contract takes.",
        '        """',
        f"        found = self._model.run({{{given}}})",
        f"        return {name}Outputs({result})",
        "",
        *_method("run_inputs", real, f"{name}Outputs"),
        '        """Run one sample that is preprocessed already: real values, without the batch.',
        "",
        "        Args:",
        *[f"            {inputs[s.name]}: Of shape {_sample(s)}." for s in shared.inputs],
        "",
        "        Raises:",
        "            ValueError: Another shape, or values that the input cannot hold.",
        '        """',
        f"        found = self._model.run_inputs({{{given}}})",
        f"        return {name}Outputs({result})",
        "",
        "    def self_test(self) -> SelfTest:",
        '        """Replay the golden samples and compare with what the host computed."""',
        "        return self._model.self_test()",
        "",
        "",
        "__all__ = [",
        *[f'    "{constants[s.name]}",' for s in shared.outputs if s.labels],
        *[f'    "{n}",' for n in ("VARIANTS", name, f"{name}Outputs", "OutputCheck")],
        *[f'    "{n}",' for n in ("Score", "SelfTest", "Variant")],
        "]",
    ]
    return "\n".join(lines) + "\n"


def _method(name: str, parameters: list[str], result: str) -> list[str]:
    return [
        f"    def {name}(",
        "        self,",
        *[f"        {p}," for p in parameters],
        f"    ) -> {result}:",
    ]


def _listed(values: list[str]) -> str:
    return ", ".join(string(v, "python") for v in values) + ("," if len(values) == 1 else "")


def _has_classes(spec: TensorSpec) -> bool:
    sample = _sample(spec)
    return len(sample) == 1 and (sample[0] > 1 or bool(spec.labels))


def _input_words(spec: TensorSpec) -> str:
    rules = spec.preprocessing
    text = _TAKES[rules.kind].format(
        rate=rules.sample_rate or "the model's",
        shape=_sample(spec),
        columns=": " + ", ".join(string(c, "python") for c in rules.columns)
        if rules.columns
        else "",
    )
    return text[:1].upper() + text[1:]


def _output_words(spec: TensorSpec) -> str:
    kinds = {"softmax": "; probabilities", "sigmoid": "; probabilities, each of its own"}
    dtype = "float32" if spec.scale else spec.dtype
    words = output_words(spec)
    said = kinds.get(spec.activation or "", "") + (f"; {words}" if words else "")
    return f"{dtype} of shape {_sample(spec)}{said}"
