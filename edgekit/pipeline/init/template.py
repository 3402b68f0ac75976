"""The text of the `edgekit.toml` that `init` writes, section by section."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgekit import __version__
from edgekit.core.records import TensorSpec
from edgekit.pipeline.init import judged_outputs, rule_margins
from edgekit.pipeline.init.lookup import Found
from edgekit.pipeline.init.model_summary import Described, Labels, is_image, width
from edgekit.pipeline.init.recipe_trials import Tried
from edgekit.pipeline.init.toml import array, aside, comment, joined, key, off, place, string
from edgekit.pipeline.input_trials import Trial

# Inputs of at least so many numbers in a row are more often sounds than tables.
_LONG = 4000
_BOX_WIDTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the text tells. `folder` is the one that its paths are relative to."""

    described: Described
    folder: Path
    name: str
    custom_objects: str | None
    recipes: tuple[str, ...]
    found: Found
    labels: Labels | None
    metrics: tuple[str, ...]
    trials: tuple[Trial, ...] = ()
    resizes: tuple[Trial, ...] = ()
    tried: Tried | None = None

    @property
    def compressed(self) -> tuple[str, ...]:
        """The recipes besides the float one."""
        return tuple(recipe for recipe in self.recipes if recipe != "float32")


def text(facts: Facts) -> str:
    """The whole file."""
    contract = facts.described.contract
    sections = [
        _head(facts),
        _open_sizes(facts),
        _data(facts),
        *(_input(spec, facts) for spec in contract.inputs),
        *(_output(spec, facts) for spec in contract.outputs),
        _variants(),
        _targets(),
        _rules(facts),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _head(facts: Facts) -> list[str]:
    path = facts.described.recognised.path
    lines = [
        *comment(
            f"What `edgekit convert` makes of {string(path.name)}, and what must hold of it: "
            f"`edgekit gate`. Written by edgekit {__version__}; yours to edit. Paths are relative "
            "to this file. What stands behind a # is switched off."
        ),
        "",
        f"model = {place(path, facts.folder)}",
        aside(f"name = {string(facts.name)}", "files are called NAME.RECIPE.tflite"),
    ]
    if facts.custom_objects:
        lines.append(
            aside(f"custom_objects = {string(facts.custom_objects)}", "code of its own layers")
        )
    lines += [
        "",
        *comment(
            "Ways to convert it, each a variant for the gate; float32 is what the others are "
            "compared with. `edgekit convert --help` lists them all."
        ),
        *_measured(facts),
        f"recipes = {array(facts.recipes)}",
    ]
    others = 'Others: top1_accuracy, top5_accuracy, mae, rmse, auc or "module:function".'
    if facts.metrics:
        metrics = array(facts.metrics) if len(facts.metrics) > 1 else string(facts.metrics[0])
        lines += ["", *comment(f"How labels judge. {others}"), f"metric = {metrics}"]
    else:
        lines += ["", *comment(f"How labels judge; chosen by their form. {others}")]
        lines += off(['metric = "top1_accuracy"'])
    return [
        *lines,
        "",
        *comment("What a release measured. `edgekit gate --update-baseline` writes it; commit it."),
        'baseline = "baseline.json"',
    ]


def _measured(facts: Facts) -> list[str]:
    """What the recipes did, a line each."""
    if facts.tried is None or not facts.tried.lines:
        return []
    count = facts.found.num_samples
    samples = f", on {count:,} samples" if count and facts.found.ready else ", without samples"
    return [
        *comment(f"Measured here{samples}:"),
        *(line for result in facts.tried.lines for line in comment(f"- {result}")),
    ]


def _open_sizes(facts: Facts) -> list[str]:
    unknown = [spec for spec in facts.described.contract.inputs if -1 in spec.shape]
    if not unknown:
        return []
    fixed = []
    for spec in unknown:
        seen = facts.found.shapes.get(spec.name, ())
        known = seen if len(seen) == len(spec.shape) else spec.shape
        fixed.append(f"{key(spec.name)} = {array([n if n > 0 else 224 for n in known])}")
    return [
        *comment(
            "The model leaves sizes open, so an app must resize it and buffers cannot be planned. "
            "To fix them, with the batch of 1:"
        ),
        *off(["[input_shapes]", *fixed]),
    ]


def _data(facts: Facts) -> list[str]:
    found = facts.found
    lines = comment(
        'Samples: an .npz, a .csv, a folder by class (FOLDER/CLASS/FILE) or "module:function". '
        "In an .npz, x (or arrays named as the inputs) and y; calibration_x, evaluation_x and "
        "evaluation_y are for one purpose only."
    )
    if found.calibration is None and found.evaluation is None:
        return [
            *lines,
            *comment(
                "None were found. With some, add static_wi8_ai8 to the recipes; with labels, "
                "switch on the rules about accuracy."
            ),
            *off(["[data]", 'calibration = "data.npz"', 'evaluation = "data.npz"']),
        ]
    sources = {
        "calibration": (found.calibration, "as the app sees them; they set the int8 ranges"),
        "evaluation": (found.evaluation, _evaluates(found)),
        "training": (found.training, "for --finetune and --qat"),
    }
    table = ["[data]"]
    for purpose, (source, remark) in sources.items():
        if source is None:
            table += off([aside(f'{purpose} = "data.npz"', remark)])
        else:
            table.append(aside(f"{purpose} = {_spelled(source, facts.folder)}", remark))
    if found.shared:
        lines += comment(
            "Both draw from the same samples here, which flatters: keep those that calibrate apart."
        )
    if found.ready:
        return [*lines, *table]
    return [
        *lines,
        *comment(
            f"These are {found.num_samples:,} files. Say in [input.NAME] below how they become "
            "inputs, switch this on, and add static_wi8_ai8 to the recipes."
        ),
        *off(line for line in table if not line.startswith("#")),
    ]


def _evaluates(found: Found) -> str:
    if found.evaluation is None:
        return "with labels, what the rules about accuracy judge"
    labelled = "with labels" if found.labels is not None else "without labels"
    return f"{found.num_samples:,} samples {labelled if found.ready else ''}".rstrip()


def _spelled(source: Path | str, folder: Path) -> str:
    return string(source) if isinstance(source, str) else place(source, folder)


def _input(spec: TensorSpec, facts: Facts) -> list[str]:
    shape = ", ".join("any" if size == -1 else str(size) for size in spec.shape[1:])
    about = f"Input {string(spec.name)}: {spec.dtype} ({shape})."
    raw = facts.found.raw.get(spec.name)
    fed = f" The samples are {raw}, and go in as they are until [input] says otherwise." * bool(raw)
    scaling = facts.described.scaling.get(spec.name)
    if scaling is not None:
        about += f" The model's layer {string(scaling.layer)} computes {string(scaling.does)[1:-1]}"
        about += " by itself." if scaling.takes_pixels else " first."
    header = f"[input.{key(spec.name)}]"
    rules = spec.preprocessing
    if rules.kind == "image" and rules.size:
        remark = _tried(facts) or " Pixels go in as they are, 0 to 255."
        return [
            *comment(about + remark),
            header,
            'kind = "image"',
            aside(f"size = {array(rules.size)}", "height, width"),
            aside(f"channels = {string(rules.channels)}", _CHANNELS[rules.channels]),
            *([] if rules.resize == "bilinear" else [f"resize = {string(rules.resize)}"]),
            *_numbers("mean", rules.mean, 0.0),
            *_numbers("std", rules.std, 1.0),
            *off(
                [aside("resize_shorter_to = 256", "then crop the centre, in place of stretching")]
            ),
        ]
    if is_image(spec) and not (raw and "-" in raw):
        seen = facts.found.shapes.get(spec.name, (1, 224, 224))[1:3]
        size = [side if side > 0 else n for side, n in zip(spec.shape[1:3], seen, strict=True)]
        open_question = comment(about + fed + _IMAGE + _tried(facts))
        return [*open_question, *off(_image(header, size, gray=spec.shape[3] == 1))]
    if spec.name in facts.described.id_limits:
        most = facts.described.id_limits[spec.name]
        told = f"{about} It takes ids below {most:,}. To make them of text:"
        return [*comment(told), *off([header, *_TEXT])]
    flat = spec.shape[1:] if len(spec.shape) == 2 else spec.shape[1:2] * (spec.shape[2:] == (1,))
    if spec.dtype.startswith("float") and len(flat) == 1:
        if flat[0] >= _LONG:
            return [*comment(about + fed + _SOUND), *off([header, *_sound(flat[0])])]
        if facts.found.columns:
            columns = f"columns = {array(facts.found.columns)}"
            return [
                *comment(f"{about} The columns of the table, in this order."),
                header,
                'kind = "tabular"',
                columns,
                *off(_SCALES),
            ]
        table = [header, 'kind = "tabular"', 'columns = ["first", "second"]', *_SCALES]
        return [*comment(about + fed + _TABLE), *off(table)]
    if raw:
        told = about + fed + " If training scaled them, by the last axis or one for all:"
        return [*comment(told), *off([header, 'kind = "tabular"', *_SCALES])]
    return comment(f"{about} Values go in as they are.")


def _tried(facts: Facts) -> str:
    """What the ways to scale pixels gave on labelled samples."""
    if not facts.trials:
        return ""
    count = len(facts.trials[0].right)
    each = ", ".join(f"{trial.share:.2f} as {trial.name}" for trial in facts.trials)
    return f" Tried on {count} labelled samples, so many are right: {each}."


def _numbers(name: str, values: tuple[float, ...], usual: float) -> list[str]:
    if values == (usual,):
        return []
    return [f"{name} = {list(values) if len(values) > 1 else values[0]}"]


_CHANNELS = {"rgb": 'or "bgr"', "gray": "of one value", "bgr": 'or "rgb"'}
_IMAGE = (
    " If it is an image, say how pixels become inputs, as in training: (value - mean) / std, by "
    "channel or one for all. Nothing in the model tells."
)
_SOUND = " If it is a sound, say how it is cut: mono, then (value - mean) / std, as in training."
_TABLE = " If it is a row of a table, say which columns in which order, and how they are scaled."
_TEXT = [
    'kind = "text"',
    'vocabulary = "vocabulary.txt"    # one entry a line; its number is the id',
    "unknown_id = 0",
]
_SCALES = [
    "mean = 0.0                       # or one for each column",
    "std = 1.0",
]


def _image(header: str, size: list[int], *, gray: bool) -> list[str]:
    return [
        header,
        'kind = "image"',
        aside(f"size = {array(size)}", "height, width"),
        aside('channels = "gray"', "of one value")
        if gray
        else aside('channels = "rgb"', 'or "bgr"'),
        aside("std = 255.0", "0 to 1"),
        aside("# mean = 127.5", "these two in its place: -1 to 1"),
        "# std = 127.5",
        *(
            []
            if gray
            else [
                aside("# mean = [123.675, 116.28, 103.53]", "these two: as torchvision scales"),
                "# std = [58.395, 57.12, 57.375]",
            ]
        ),
    ]


def _sound(window: int) -> list[str]:
    return [
        'kind = "audio"',
        aside("sample_rate = 16000", "of the sounds that it was trained on"),
        aside(f"window = {window}", "samples; cut, or filled with zeros"),
    ]


def _output(spec: TensorSpec, facts: Facts) -> list[str]:
    shape = ", ".join("any" if size == -1 else str(size) for size in spec.shape[1:])
    lines = comment(f"Output {string(spec.name)}: {spec.dtype} ({shape}).")
    header = f"[output.{key(spec.name)}]"
    labels, live = facts.labels, _kind(spec)
    if labels is not None and labels.output == spec.name:
        where = place(labels.file, facts.folder) if labels.file else array(labels.names)
        live.append(f"labels = {where}")
    choice = [] if live else _kind_choice(spec)
    if not spec.labels and len(spec.shape) == 2 and width(spec) > 1:
        choice.append(aside('labels = "labels.txt"', f"{width(spec)} names, one a line"))
    if spec.activation:
        live.append(f"activation = {string(spec.activation)}")
    elif len(spec.shape) == 2 and spec.kind != "values":
        choice.append(aside('activation = "softmax"', 'what it ends in; or "sigmoid", "none"'))
    if live:
        return [*lines, header, *live, *off(choice)]
    return [*lines, *off([header, *choice])] if choice else lines


def _kind(spec: TensorSpec) -> list[str]:
    """What the output is, where that is known."""
    if spec.columns:
        parts = ", ".join(f"{one.kind} = [{one.start}, {one.stop}]" for one in spec.columns)
        return [f"columns = {{ {parts} }}"]
    return [f"kind = {string(spec.kind)}"] if spec.kind else []


def _kind_choice(spec: TensorSpec) -> list[str]:
    remark = "taken as values: nobody said what it is"
    if len(spec.shape) == 3 and width(spec) > _BOX_WIDTH:
        parts = f"boxes = [0, {_BOX_WIDTH}], scores = [{_BOX_WIDTH}, {width(spec)}]"
        return [aside('kind = "values"', f"{remark}; or:"), f"# columns = {{ {parts} }}"]
    others = "classes, binary, tags, mask, boxes, embedding, image, sound, state"
    return [aside('kind = "values"', remark), f"# one of values, {others}"]


def _variants() -> list[str]:
    return [
        *comment(
            "More ways to convert, each with any option of `edgekit convert`, by names of your own:"
        ),
        *off(["[variant.small]", 'recipe = "dynamic_wi8_afp32"', "prune = { sparsity = 0.5 }"]),
    ]


def _targets() -> list[str]:
    return [
        *comment("Where files are run and timed."),
        "[[target]]",
        aside('runtime = "litert"', "the one that edgekit brings"),
        "num_threads = 1",
        "",
        *off(
            [
                "[[target]]",
                aside('runtime = "tflite-runtime==2.14.0"', "after edgekit runtime add"),
            ]
        ),
    ]


def _rules(facts: Facts) -> list[str]:
    found, compressed = facts.found, facts.compressed
    chosen = facts.tried.chosen if facts.tried else None
    measured = {one.metric: one for one in chosen.closeness} if chosen else {}
    judged = found.ready and found.evaluation is not None
    accuracy = [
        rule_margins.accuracy(metric, found.num_samples, compressed, measured.get(metric))
        for metric in facts.metrics * judged
    ] or [rule_margins.later("top1_accuracy", compressed)]
    fidelity = [
        rule_margins.fidelity(metric, compressed, measured.get(metric))
        for metric in judged_outputs.fidelity_metrics(facts.described.contract, facts.metrics)
        if judged
    ]
    about = comment(
        "Rules of `edgekit gate`. Each passes, fails or is inconclusive: where samples are too "
        "few to tell, it says how many would do."
    )
    always = rule_margins.always(compressed, chosen.latency if chosen else None)
    return joined(about, *accuracy, *fidelity, always)
