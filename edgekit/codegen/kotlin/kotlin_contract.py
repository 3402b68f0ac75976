"""Kotlin of what host and phone agree on beside the tensors: preprocessing and labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edgekit.codegen.kotlin.kotlin_identifiers import Naming, comment, head, number, quoted
from edgekit.core.bundle_record import Bundle
from edgekit.core.records import Preprocessing, TensorSpec

# A method of the JVM ends at 64 kB: longer lists are made in pieces.
_PIECE = 500


def contract(bundle: Bundle, naming: Naming) -> str:
    """Objects of preprocessing and of labels; nothing where there are neither."""
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
            array = pieces.array([quoted(label) for label in spec.labels], "arrayOf<String>")
            labels.append(
                f"    /** Of `{comment(spec.name)}`, in its order. */\n"
                f"    val {naming.outputs[spec.name]}: List<String> = {array}.asList()\n"
            )
    text = head(naming)
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
            + pieces.array([quoted(entry) for entry in rules.vocabulary], "arrayOf<String>")
            + f", {spec.shape[-1]}, {rules.unknown_id})",
        ),
    }
    return make[rules.kind]()


def _image(rules: Preprocessing, pieces: _Pieces) -> tuple[set[str], str]:
    height, width = rules.image_size
    resize = rules.resize.replace("-", "_").upper()
    return {"Channels", "ImageInput", "ResizeMethod"}, (
        f"ImageInput(\n        {height}, {width}, ResizeMethod.{resize}, "
        f"{rules.resize_shorter_to or 0}, Channels.{rules.channels.upper()},\n"
        f"        {_normalization(rules, pieces)},\n    )"
    )


def _normalization(rules: Preprocessing, pieces: _Pieces) -> str:
    return ", ".join(
        pieces.array([number(value) for value in values], "floatArrayOf")
        for values in (rules.mean, rules.std)
    )
