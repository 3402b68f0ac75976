"""`edgekit.toml`: what a project says once about its model, its data and its inputs.

```toml
model = "digits.keras"            # relative to this file
recipes = ["float32", "static_wi8_ai8"]
metric = "top1_accuracy"          # or "module:function", or several: ["auc@yes", "mae@age"]

[data]
calibration = "data.npz"
evaluation = "data.npz"
seed = 0

[input.image]                     # the input's Keras name
kind = "image"
size = [8, 8]                     # height, width
channels = "gray"
std = 255.0

[output.digit]
labels = ["zero", "one"]          # or a file: labels = "labels.txt", one a line
activation = "softmax"
kind = "classes"                  # where the graph does not tell; see `core.output_kinds`

[output.det]                      # one tensor that holds several things
columns = { boxes = [0, 4], scores = [4, 7] }
decode = { box_format = "cxcywh" }   # how boxes follow from it; see `core.box_decoder`

[state]                           # of a model that keeps it: LSTM(stateful=True)
kind = "inputs"                   # the app feeds it back; "kept" without a word

[variant.small]                   # for the gate: another way to convert, beside `recipes`
recipe = "static_wi8_ai8"
prune = { sparsity = 0.5 }

[[target]]
runtime = "tflite-runtime==2.14.0"

[[rule]]
metric = "top1_accuracy"
max_loss = 0.01
against = "baseline"
```
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from edgekit.core import decoder_checks, files, output_kinds, project_schema, serde
from edgekit.core.box_decoder import BoxDecoder
from edgekit.core.errors import ProjectError, reading
from edgekit.core.gate_rules import Rule, Variant
from edgekit.core.json_values import Json
from edgekit.core.records import Contract, Preprocessing, Target, TensorSpec
from edgekit.core.suggest import nearest

StateKind = Literal["kept", "inputs"]

FILE_NAME = "edgekit.toml"
_MOST_BYTES = 4 * 2**20  # all labels of ImageNet-21k take 0.4 MB
_LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){64}""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """Where samples come from: `.npz`, `.csv`, a folder by class, or `module:function`."""

    calibration: str | None = None
    evaluation: str | None = None
    training: str | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSpec:
    """What the person says of an output; its shape and dtype come from the model."""

    labels: tuple[str, ...] = ()
    activation: str | None = None
    kind: str | None = None
    columns: dict[str, tuple[int, ...]] = field(default_factory=dict)
    decode: BoxDecoder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a model's state lives: `kept` in the file's variables, or `inputs` and outputs."""

    kind: StateKind = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A whole `edgekit.toml`. Its paths are relative to the folder it lies in."""

    file: Path | None = None
    model: str | None = None
    name: str | None = None
    recipes: tuple[str, ...] = ()
    metric: tuple[str, ...] = ()
    data: Data = field(default_factory=Data)
    input: dict[str, Preprocessing] = field(default_factory=dict)
    output: dict[str, OutputSpec] = field(default_factory=dict)
    state: State = field(default_factory=State)
    custom_objects: str | None = None
    input_shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    variant: dict[str, Variant] = field(default_factory=dict)
    target: tuple[Target, ...] = (Target(),)
    rule: tuple[Rule, ...] = ()
    baseline: str = "baseline.json"

    @property
    def variants(self) -> dict[str, Variant]:
        """Every variant by name: each recipe is one by itself."""
        return {name: Variant(recipe=name) for name in self.recipes} | self.variant

    @property
    def folder(self) -> Path:
        """What its paths are relative to; the current folder where there is no file."""
        return self.file.parent if self.file else Path()

    def resolve(self, source: str) -> str:
        """A data source of this file, as an absolute path (callables stay as they are)."""
        path = self.folder / source
        return str(path) if path.exists() or not is_callable_name(source) else source

    def describe(self, contract: Contract) -> Contract:
        """`contract` with this project's preprocessing, labels and activations.

        Raises:
            ProjectError: The file names an input or output that the model lacks, or a
                number of labels that is not the output's last size.
        """
        _check_names("input", self.input, contract.inputs)
        _check_names("output", self.output, contract.outputs)
        inputs = tuple(
            replace(spec, preprocessing=self.input.get(spec.name, spec.preprocessing))
            for spec in contract.inputs
        )
        outputs = tuple(map(self._describe_output, contract.outputs))
        self._check_decoders(outputs)
        return replace(contract, inputs=inputs, outputs=outputs)

    def _check_decoders(self, outputs: tuple[TensorSpec, ...]) -> None:
        stated = [name for name, output in self.output.items() if output.decode is not None]
        if len(stated) > 1:
            raise ProjectError(
                "Boxes must be decoded from one output, which may name others.",
                received=", ".join(f"[output.{name}.decode]" for name in stated),
            )
        for spec in outputs:
            if spec.decode is not None:
                decoder_checks.check(spec.decode, spec, outputs, f"[output.{spec.name}.decode]")

    def _describe_output(self, spec: TensorSpec) -> TensorSpec:
        output = self.output.get(spec.name)
        if output is None:
            return spec
        if output.labels and spec.shape and spec.shape[-1] not in (-1, len(output.labels)):
            raise ProjectError(
                f"[output.{spec.name}] must have one label for each of its {spec.shape[-1]} "
                "values.",
                received=f"{len(output.labels)} labels",
            )
        where = f"[output.{spec.name}]"
        width = spec.shape[-1] if spec.shape else 1
        if output.kind is not None:
            output_kinds.check_kind(output.kind, f"{where} kind")
        if output.kind is not None and output.columns:
            raise ProjectError(
                f"{where} must have a kind or columns, not both.",
                received=f"kind = {output.kind!r}, columns = {output.columns}",
            )
        stated = {
            "labels": output.labels,
            "activation": output.activation,
            "kind": output.kind or spec.kind,
            "columns": serde.to_dict(output_kinds.columns(output.columns, width, where)),
            "decode": serde.to_dict(output.decode or spec.decode),
        }
        return serde.from_dict(
            TensorSpec, {**serde.to_dict(spec), **stated}, f"{FILE_NAME} {where}"
        )


def is_callable_name(source: str) -> bool:
    """Whether `source` is spelled `module:function` (and is no Windows path)."""
    module, colon, function = source.partition(":")
    return (
        bool(colon) and function.isidentifier() and all(p.isidentifier() for p in module.split("."))
    )


def _check_names(section: str, names: Iterable[str], specs: tuple[TensorSpec, ...]) -> None:
    known = [spec.name for spec in specs]
    for name in names:
        if name not in known:
            raise ProjectError(
                f"[{section}.NAME] must name an {section} of the model: {', '.join(known)}.",
                received=f"[{section}.{name}]",
                hint=nearest(name, known),
            )


def load(path: Path) -> Project:
    """Read an `edgekit.toml`.

    Raises:
        ProjectError: No such file, not TOML, an unknown key or a wrong type.
    """
    text = files.read_text(
        path,
        "project file",
        kind=ProjectError,
        most_bytes=_MOST_BYTES,
        hint="edgekit init MODEL writes one.",
    )
    _check_keys(text, path)
    with reading(path, "The project file is not TOML.", kind=ProjectError):
        payload: dict[str, Json] = tomllib.loads(text)
    for name, table in _tables(payload, "output"):
        if isinstance(table, dict) and isinstance(labels := table.get("labels"), str):
            table["labels"] = _read_lines(path.parent / labels, f"[output.{name}] labels")
        _read_anchors(table, path.parent, f"[output.{name}.decode] anchors")
    for name, table in _tables(payload, "input"):
        if isinstance(table, dict) and isinstance(words := table.get("vocabulary"), str):
            table["vocabulary"] = _read_lines(path.parent / words, f"[input.{name}]")
    project_schema.spell_targets(payload)
    if "file" in payload:
        raise ProjectError(f"{path} has no key 'file'.", received="a key 'file'")
    project = serde.from_dict(Project, payload, str(path))
    _check_numbers(project, str(path))
    project_schema.check(project.rule, project.variants, project.target, str(path))
    for name, variant in project.variant.items():
        if variant.training is not None and not variant.training.data:
            raise ProjectError(
                f"{path} [variant.{name}] training lacks a key.",
                received="no data",
                hint='name the samples to train on: data = "data.npz".',
            )
        if name in project.recipes:
            raise ProjectError(
                f"{path} [variant.{name}] must not have the name of a recipe in recipes.",
                received=f"recipes = {list(project.recipes)}",
                hint=f"leave {name!r} out of recipes, or rename the variant.",
            )
    return replace(project, file=path.absolute())


def _check_keys(text: str, path: Path) -> None:
    """Refuse a key of very many parts: tomllib takes time by the square of their number."""
    if found := _LONG_KEY.search(text):
        raise ProjectError(
            "A key of the project file must not have more parts than edgekit.toml has levels.",
            received=f"{path}: {found[0][:60]}...",
        )


def _tables(payload: dict[str, Json], section: str) -> list[tuple[str, Json]]:
    """The tables `[SECTION.NAME]`; none where the section is no table, which serde refuses."""
    tables = payload.get(section)
    return list(tables.items()) if isinstance(tables, dict) else []


def _check_numbers(project: Project, where: str) -> None:
    """Refuse numbers that would fail much later, or in an app."""
    if project.data.seed < 0:
        raise ProjectError(
            f"{where} [data] seed must be at least 0.", received=f"seed = {project.data.seed}"
        )
    for name, rules in project.input.items():
        if not all(math.isfinite(v) and v != 0 for v in rules.std):
            raise ProjectError(
                f"{where} [input.{name}] std must be finite and not 0: it is divided by.",
                received=f"std = {list(rules.std)}",
            )
        if not all(map(math.isfinite, rules.mean)):
            raise ProjectError(
                f"{where} [input.{name}] mean must be finite.",
                received=f"mean = {list(rules.mean)}",
            )


def _read_anchors(table: Json, folder: Path, where: str) -> None:
    """Replace the name of a text file by the numbers of its lines."""
    decode = table.get("decode") if isinstance(table, dict) else None
    if isinstance(decode, dict) and isinstance(name := decode.get("anchors"), str):
        lines = map(str, _read_lines(folder / name, where))
        decode["anchors"] = [
            [*re.split(r"[,;\s]+", text)] for line in lines if (text := line.strip())
        ]


def _read_lines(path: Path, where: str) -> list[Json]:
    hint = f"{where} names a text file, one entry a line."
    text = files.read_text(path, "file of labels or words", kind=ProjectError, hint=hint)
    return [*text.splitlines()]


def find(model: Path) -> Project:
    """The project file beside `model`, or an empty project when there is none."""
    path = (model if model.is_dir() else model.parent) / FILE_NAME
    if not path.is_file():
        path = model.parent / FILE_NAME
    return load(path) if path.is_file() else Project()
