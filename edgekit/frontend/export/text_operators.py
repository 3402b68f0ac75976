"""What works on text itself: TFLite looks it up in a table, and does nothing else with it."""

from __future__ import annotations

from collections.abc import Mapping

from edgekit.core.errors import ExportError, FlexError

_WHAT = {
    "StringSplit": "splits",
    "StringSplitV2": "splits",
    "StringNGrams": "splits",
    "UnicodeDecode": "splits",
    "StringLower": "cleans",
    "StringUpper": "cleans",
    "StringStrip": "cleans",
    "RegexReplace": "cleans",
    "StaticRegexReplace": "cleans",
    "AsString": "hashes",
    "StringJoin": "joins",
    "StringToHashBucketFast": "hashes",
    "StringToHashBucketStrong": "hashes",
    "StringToHashBucket": "hashes",
    "StringToNumber": "reads numbers from",
    "Substr": "cuts",
}


def refusal(operators: set[str], where: str) -> FlexError | None:
    """The error for operators on text; None where there are none.

    Args:
        operators: That TFLite lacks.
        where: The layers that they come from, as ` in layer a, b, at the start of the model`; empty
            where nobody knows.
    """
    done = dict.fromkeys(_WHAT[name] for name in sorted(operators) if name in _WHAT)
    if not done:
        return None
    hint = (
        "leave the layer out of the model, whose input then are the ids that the layer gives, and "
        "do in the app what it does."
    )
    if "hashes" in done and "splits" not in done:
        hint += " A lookup of text with num_oov_indices=1 hashes nothing, and converts."
    return FlexError(
        "No mobile runtime has operators that split, clean or hash text: this is preprocessing.",
        received=f"{', '.join(sorted(operators & _WHAT.keys()))}{where}",
        hint=hint,
    )


def refuse_text_outputs(dtypes: Mapping[str, str]) -> None:
    """Refuse a model that ends with text.

    Args:
        dtypes: Of the outputs as they were traced, by name: Keras does not know text.

    Raises:
        ExportError: An output is of text.
    """
    for name, dtype in dtypes.items():
        if dtype == "string":
            raise ExportError(
                "The outputs of a model must be numbers.",
                received=f"output {name!r} of text",
                hint="end the model before the layer that makes text of ids, and write its "
                "vocabulary into edgekit.toml: [output.NAME] labels = [...]. The app has it then.",
            )
