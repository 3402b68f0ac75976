"""C99 (and C++) for a bundle: models as arrays, for TFLite Micro and other runtimes in C.

What depends on the contract is in `NAME.h` and `NAME.c`; each variant is a file of its own, so
that a program links only those that it uses. The rest is `sources/c`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources

from edgekit.codegen.c import c_arrays, c_readme
from edgekit.codegen.c.c_identifiers import Names, comment
from edgekit.codegen.literals import number, string, utf8
from edgekit.codegen.output_words import output_words
from edgekit.core.bundle_record import Bundle
from edgekit.core.records import Contract, Preprocessing, TensorSpec

_SOURCES = (
    "edgekit_core.h",
    "edgekit_core.c",
    "edgekit_image.c",
    "edgekit_self_test.c",
    "edgekit_text.c",
)


# What the function of an input takes of raw data in the golden samples, by kind.
_RAW_ARGUMENTS = {
    "image": "(const uint8_t *)data, raw->shape[0], raw->shape[1], raw->shape[2], workspace,\n"
    "          workspace_bytes",
    "audio": "data, EDGEKIT_FLOAT32, (size_t)raw->shape[0], 1",
    "tabular": "(const float *)data",
    "text": "(const char *)data, raw->num_bytes",
}


def files(bundle: Bundle, contents: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a C bundle.

    Args:
        bundle: What is bundled.
        contents: The models and their golden samples, by the names that `bundle` gives them.

    Returns:
        Contents by path, relative to the bundle's folder.

    Raises:
        ModelError: A tensor whose type C has none for.
    """
    called = Names(bundle)
    sources = resources.files("edgekit.codegen") / "sources" / "c"
    result = {name: (sources / name).read_bytes() for name in _SOURCES}
    result[f"{called.prefix}.h"] = _header(bundle, called).encode()
    result[f"{called.prefix}.c"] = _source(bundle, called).encode()
    for model in bundle.models:
        result[f"{called.variants[model.variant]}.c"] = c_arrays.variant(
            called, model, contents[model.file], contents[model.golden.file]
        ).encode()
    result["README.md"] = c_readme.readme(bundle, called).encode()
    return result


def _header(bundle: Bundle, called: Names) -> str:
    contract = bundle.models[0].contract
    guard = f"{called.prefix.upper()}_H"
    lines = [
        f"/* {comment(bundle.name)} for C, made by edgekit {bundle.edgekit}; do not edit. */",
        f"#ifndef {guard}",
        f"#define {guard}",
        "",
        '#include "edgekit_core.h"',
        "",
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
        "",
        "/* Variants. Each is in a file of its own: compile those that are used. */",
    ]
    for model in bundle.models:
        lines.append(
            f"extern const edgekit_model {called.variants[model.variant]};"
            f" /* {model.size_bytes:,} bytes */"
        )
    for spec in contract.inputs:
        lines += ["", f"/* Input {comment(spec.name)}: {_takes(spec.preprocessing)}"]
        lines += [" * `stored` takes what the model's tensor holds, of any variant. */"]
        lines += [f"{signature};" for signature in _input_functions(spec, called)]
    for spec in contract.outputs:
        name = called.outputs[spec.name]
        words = output_words(spec)
        lines += [
            "",
            f"/* Output {comment(spec.name)}: a stored tensor to real values"
            f"{f', {words}' if words else ''}. */",
            f"enum {{ {called.counts[spec.name]} = {c_arrays.count(spec)} }};",
            f"void {name}(const edgekit_model *model, const void *stored, float *values);",
        ]
        if spec.labels:
            labels = called.labels[spec.name]
            lines.append(f"extern const char *const {labels}[{len(spec.labels)}];")
    lines += [
        "",
        "/* Compares a variant with the host: see edgekit_self_test. `checks` has one for each",
        f" * of {len(contract.outputs)} output(s). */",
        f"size_t {called.self_test_workspace}(const edgekit_model *model);",
        *[f"{line}" for line in _self_test(called)[:-1]],
        _self_test(called)[-1] + ";",
        "",
        "#ifdef __cplusplus",
        "}",
        "#endif",
        "#endif",
    ]
    return "\n".join(lines) + "\n"


def _self_test(called: Names) -> list[str]:
    return [
        f"edgekit_status {called.self_test}(",
        "    const edgekit_model *model, edgekit_run run, void *context, void *workspace,",
        "    size_t workspace_bytes, edgekit_check *checks)",
    ]


def _source(bundle: Bundle, called: Names) -> str:
    contract = bundle.models[0].contract
    lines = [
        f"/* {comment(bundle.name)}, made by edgekit {bundle.edgekit}; do not edit. */",
        f'#include "{called.prefix}.h"',
    ]
    for position, spec in enumerate(contract.inputs):
        lines += ["", *_rules(spec, called), ""]
        for signature, call in zip(
            _input_functions(spec, called), _input_calls(spec, called, position), strict=True
        ):
            lines += [f"{signature} {{", f"  return {call};", "}"]
    for position, spec in enumerate(contract.outputs):
        lines.append("")
        if spec.labels:
            labels = called.labels[spec.name]
            lines += [f"const char *const {labels}[{len(spec.labels)}] = {{"]
            lines += [f"    {string(label, 'c')}," for label in spec.labels]
            lines += ["};", ""]
        lines += [
            f"void {called.outputs[spec.name]}("
            "const edgekit_model *model, const void *stored, float *values) {",
            f"  edgekit_real_all(&model->outputs[{position}], stored, values);",
            "}",
        ]
    lines += [
        "",
        *_code(contract, called),
        "",
        f"size_t {called.self_test_workspace}(const edgekit_model *model) {{",
        "  return edgekit_self_test_workspace(model, &edgekit_bundle_code);",
        "}",
        "",
        *_self_test(called)[:-1],
        _self_test(called)[-1] + " {",
        "  return edgekit_self_test(model, &edgekit_bundle_code, run, context, workspace,",
        "                           workspace_bytes, checks);",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _code(contract: Contract, called: Names) -> list[str]:
    """What the self-test looks at: this file's own preprocessing and labels."""
    prepared = [
        (position, spec)
        for position, spec in enumerate(contract.inputs)
        if spec.preprocessing.kind != "none"
    ]
    lines = []
    if prepared:
        lines += [
            "static edgekit_status edgekit_bundle_prepare(",
            "    const edgekit_model *model, const edgekit_raw *raw, const void *data,",
            "    void *workspace, size_t workspace_bytes, void *stored) {",
            "  (void)workspace, (void)workspace_bytes;",
            "  switch (raw->input) {",
        ]
        for position, spec in prepared:
            raw = _RAW_ARGUMENTS[spec.preprocessing.kind]
            lines += [
                f"    case {position}:",
                f"      return {called.inputs[spec.name]}(model, {raw}, stored);",
            ]
        lines += ["  }", "  return EDGEKIT_BAD_ARGUMENT;", "}", ""]
        lines += [
            "static size_t edgekit_bundle_workspace(const edgekit_raw *raw) {",
            "  switch (raw->input) {",
        ]
        for position, spec in prepared:
            if spec.preprocessing.kind == "image":
                sizes = "raw->shape[0], raw->shape[1], raw->shape[2]"
                lines += [
                    f"    case {position}:",
                    f"      return {called.workspaces[spec.name]}({sizes});",
                ]
        lines += ["    default:", "      return 0;", "  }", "}", ""]
    labels = [called.labels[spec.name] if spec.labels else "NULL" for spec in contract.outputs]
    has_labels = any(spec.labels for spec in contract.outputs)
    if has_labels:
        lines += [
            f"static const char *const *const edgekit_bundle_labels[] = {{{', '.join(labels)}}};"
        ]
    functions = "edgekit_bundle_prepare, edgekit_bundle_workspace" if prepared else "NULL, NULL"
    return [
        *lines,
        "static const edgekit_code edgekit_bundle_code = {",
        f"    {functions}, {'edgekit_bundle_labels' if has_labels else 'NULL'}}};",
    ]


def _takes(rules: Preprocessing) -> str:
    if rules.kind == "image":
        height, width = rules.image_size
        return f"an image of any size, made {height} by {width}."
    if rules.kind == "audio":
        rate = f" at {rules.sample_rate} samples a second" if rules.sample_rate else ""
        return f"sound{rate}, cut or filled to {rules.window} samples."
    if rules.kind == "tabular":
        named = ", ".join(rules.columns)
        return "a row of numbers" + (f": {comment(named)}." if named else ".")
    if rules.kind == "text":
        return "UTF-8, as ids of the vocabulary."
    return "real values."


def _input_functions(spec: TensorSpec, called: Names) -> list[str]:
    """What is declared for an input: the way from raw data to its stored tensor."""
    begin = f"edgekit_status {called.inputs[spec.name]}(\n    const edgekit_model *model, "
    kind = spec.preprocessing.kind
    if kind == "image":
        return [
            f"size_t {called.workspaces[spec.name]}(int height, int width, int channels)",
            begin + "const uint8_t *pixels, int height, int width, int channels,\n"
            "    void *workspace, size_t workspace_bytes, void *stored)",
        ]
    if kind == "audio":
        return [
            begin + "const void *samples, edgekit_dtype dtype, size_t frames, int channels,\n"
            "    void *stored)"
        ]
    if kind == "text":
        return [begin + "const char *text, size_t size, void *stored)"]
    return [begin + "const float *values, void *stored)"]


def _input_calls(spec: TensorSpec, called: Names, position: int) -> list[str]:
    rules, tensor = called.rules[spec.name], f"&model->inputs[{position}]"
    kind = spec.preprocessing.kind
    if kind == "image":
        return [
            f"edgekit_image_workspace(&{rules}, height, width, channels)",
            f"edgekit_image(&{rules}, {tensor}, pixels, height, width, channels,\n"
            "                       workspace, workspace_bytes, stored)",
        ]
    if kind == "audio":
        return [f"edgekit_audio(&{rules}, {tensor}, samples, dtype, frames, channels, stored)"]
    if kind == "text":
        return [f"edgekit_text(&{rules}, {tensor}, text, size, stored)"]
    if kind == "tabular":
        return [f"edgekit_tabular(&{rules}, {tensor}, values, stored)"]
    return [f"edgekit_store_all({tensor}, stored, values)"]


def _rules(spec: TensorSpec, called: Names) -> list[str]:
    rules, name = spec.preprocessing, called.rules[spec.name]
    if rules.kind == "none":
        return []
    if rules.kind == "text":
        entries = [
            f"    {{{string(entry, 'c')}, {len(utf8(entry))}}}," for entry in rules.vocabulary
        ]
        vocabulary = called.vocabularies[spec.name]
        sizes = f"{rules.unknown_id}, {spec.shape[-1]}"
        return [
            f"static const edgekit_string {vocabulary}[] = {{",
            *entries,
            "};",
            f"static const edgekit_text_rules {name} = {{",
            f"    {len(rules.vocabulary)}, {vocabulary}, {sizes}}};",
        ]
    mean, std = called.means[spec.name], called.stds[spec.name]
    lines = []
    for constant, values in ((mean, rules.mean), (std, rules.std)):
        listed = ", ".join(number(value, "c") for value in values)
        lines.append(f"static const float {constant}[] = {{{listed}}};")
    scaling = f"{{{len(rules.mean)}, {mean}, {len(rules.std)}, {std}}}"
    if rules.kind == "tabular":
        return [*lines, f"static const edgekit_scaling {name} = {scaling};"]
    if rules.kind == "audio":
        return [*lines, f"static const edgekit_audio_rules {name} = {{{rules.window}, {scaling}}};"]
    height, width = rules.image_size
    resize = rules.resize.replace("-", "_").upper()
    return [
        *lines,
        f"static const edgekit_image_rules {name} = {{",
        f"    {height}, {width}, EDGEKIT_{resize}, {rules.resize_shorter_to or 0},",
        f"    EDGEKIT_{rules.channels.upper()}, {scaling}}};",
    ]
