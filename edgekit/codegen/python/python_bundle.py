"""A Python package that runs a bundle's models with LiteRT or tflite-runtime, without edgekit."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import resources

from edgekit.codegen import identifiers
from edgekit.codegen.literals import utf8
from edgekit.codegen.python.python_module import class_name, contract, module
from edgekit.core import serde
from edgekit.core.bundle_record import Bundle

_SOURCES = ("__main__.py", "_model.py", "_preprocess.py", "_runtime.py", "_tensors.py")
# What the package imports: a package of the same name would hide it.
_MODULES = {"numpy", "pil", "ai_edge_litert", "tflite_runtime", *sys.stdlib_module_names}


def files(bundle: Bundle, contents: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a Python bundle: a package that can be installed, or copied into a project.

    Args:
        bundle: What is bundled.
        contents: The models and their golden samples, by the names that `bundle` gives them.

    Returns:
        Contents by path, relative to the bundle's folder.
    """
    package = identifiers.unique([bundle.name], identifiers.snake, "python", _MODULES)[bundle.name]
    sources = resources.files("edgekit.codegen") / "sources" / "python"
    result = {
        "README.md": utf8(_readme(bundle, package)),
        "pyproject.toml": _project(bundle, package).encode(),
        f"{package}/__init__.py": module(bundle, package).encode(),
        f"{package}/contract.json": serde.dumps(bundle).encode(),
        f"{package}/py.typed": b"",
    }
    for name in _SOURCES:
        result[f"{package}/{name}"] = (sources / name).read_bytes()
    for model in bundle.models:
        result[f"{package}/{model.file}"] = contents[model.file]
        result[f"{package}/{model.golden.file}"] = contents[model.golden.file]
    return result


def _project(bundle: Bundle, package: str) -> str:
    kinds = {spec.preprocessing.kind for spec in contract(bundle).inputs}
    needed = ['"numpy>=1.23"', *(['"pillow>=9.1"'] if "image" in kinds else [])]
    return "\n".join(
        [
            "[build-system]",
            'requires = ["setuptools>=64"]',
            'build-backend = "setuptools.build_meta"',
            "",
            "[project]",
            f'name = "{package.replace("_", "-")}"',
            f'version = "1.0+{bundle.models[0].sha256[:12]}"  # the first model\'s SHA-256',
            f'description = "{package}: a model, bundled by edgekit {bundle.edgekit}"',
            'requires-python = ">=3.9"',
            f"dependencies = [{', '.join(needed)}]",
            "",
            "[project.optional-dependencies]",
            'litert = ["ai-edge-litert"]',
            'tflite-runtime = ["tflite-runtime", "numpy<2"]',
            "",
            "[tool.setuptools]",
            f'packages = ["{package}"]',
            "",
            "[tool.setuptools.package-data]",
            f'{package} = ["*.tflite", "*.golden.bin", "contract.json", "py.typed"]',
            "",
        ]
    )


def _readme(bundle: Bundle, package: str) -> str:
    shared, name = contract(bundle), class_name(bundle)
    inputs = identifiers.unique([s.name for s in shared.inputs], identifiers.snake, "python")
    outputs = identifiers.unique([s.name for s in shared.outputs], identifiers.snake, "python")
    arguments = ", ".join(f"{parameter}=..." for parameter in inputs.values())
    table = [
        f"| `{model.variant}` | `{model.file}` | {model.size_bytes:,} | "
        f"{model.oldest_runtime or 'unknown'} |"
        for model in bundle.models
    ]
    return "\n".join(
        [
            f"# {package}",
            "",
            f"A model as a Python package, made by edgekit {bundle.edgekit}. It needs NumPy, "
            "ai-edge-litert or tflite-runtime, and Pillow where an input is an image.",
            "",
            "```",
            "pip install '.[litert]'",
            f"python -m {package}",
            "```",
            "",
            "The second command is the self-test: it replays the host's golden samples, prints "
            "the worst difference of each output beside its tolerance, and exits with 1 where "
            "one is too far off.",
            "",
            "```python",
            f"from {package} import {name}",
            "",
            f"outputs = {name}().run({arguments})",
            f"print(outputs.{next(iter(outputs.values()))})",
            "```",
            "",
            "Samples go in raw: they are resized, scaled and quantized as on the host. "
            "`run_inputs` takes them preprocessed.",
            "",
            "| Variant | File | Bytes | Oldest TFLite |",
            "| --- | --- | ---: | --- |",
            *table,
            "",
        ]
    )
