"""The Android bundle: a library module with the model, its typed wrapper, and the Kotlin core."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources

from edgekit.codegen.kotlin import kotlin_identifiers, kotlin_source
from edgekit.core.bundle_record import Bundle

# What Gradle's Android plugin packs as it is; anything else could be left out of an app, or
# could not be found in it.
_ASSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# The newest release of LiteRT for Android that its source tags; `checks/litert/kotlin.txt` is its
# interface.
_LITERT = "2.2.0"


def files(bundle: Bundle, contents: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of an Android bundle: `core/`, a module for the model, a README.

    Args:
        bundle: Variants of one model.
        contents: Of each model's file and each file of golden samples, by name.

    Returns:
        Contents by path, with `/`. The same for the same input.

    Raises:
        ModelError: A tensor that LiteRT's Kotlin interface cannot hold.
    """
    kotlin_identifiers.check(bundle)
    naming = kotlin_identifiers.Naming.of(bundle)
    module, assets = naming.package, _assets(bundle)
    folder = f"edgekit/{module}"
    code = f"{module}/src/main/kotlin/dev/edgekit/{module}"
    text = {
        "README.md": _readme(bundle, naming),
        "core/build.gradle.kts": _source("core.gradle.kts"),
        f"{module}/build.gradle.kts": _source("module.gradle.kts")
        .replace("PACKAGE", module)
        .replace("LITERT", _LITERT),
        f"{module}/consumer-rules.pro": _source("consumer-rules.pro"),
        f"{module}/src/main/AndroidManifest.xml": _source("AndroidManifest.xml"),
    }
    for name in _sources("core"):
        text[f"core/src/main/kotlin/dev/edgekit/core/{name}"] = _source(f"core/{name}")
    for name in _sources("engine"):
        source = _source(f"engine/{name}").replace("dev.edgekit.PACKAGE", f"dev.edgekit.{module}")
        text[f"{code}/{name}"] = source
    for name, source in kotlin_source.sources(bundle, naming, assets, folder).items():
        text[f"{code}/{name}"] = source
    result = {path: content.encode() for path, content in text.items()}
    for name, asset in assets.items():
        result[f"{module}/src/main/assets/{folder}/{asset}"] = contents[name]
    return result


def _assets(bundle: Bundle) -> dict[str, str]:
    """Names in the app's assets by the files' own: the same, where these are plain ones."""
    found = [name for model in bundle.models for name in (model.file, model.golden.file)]
    if all(_ASSET.fullmatch(name) for name in found):
        return {name: name for name in found}
    return {
        name: f"model{i // 2}.{'golden.bin' if i % 2 else 'tflite'}" for i, name in enumerate(found)
    }


def _sources(folder: str) -> list[str]:
    found = resources.files("edgekit.codegen").joinpath("sources", "kotlin", folder)
    return sorted(entry.name for entry in found.iterdir() if entry.name.endswith(".kt"))


def _source(path: str) -> str:
    place = resources.files("edgekit.codegen").joinpath("sources", "kotlin", *path.split("/"))
    return place.read_text(encoding="utf-8")


def _readme(bundle: Bundle, naming: kotlin_identifiers.Naming) -> str:
    name, module = naming.type, naming.package
    rows = "\n".join(
        f"| `{naming.variants[model.variant]}` | {model.size_bytes:,} | {model.oldest_runtime} |"
        for model in bundle.models
    )
    return (
        _source("README.md")
        .replace("MODULE", module)
        .replace("TYPE", name)
        .replace("NAME", kotlin_identifiers.comment(bundle.name))
        .replace("LITERT", _LITERT)
        .replace("VARIANTS", rows)
        .replace("FIRST", naming.variants[bundle.models[0].variant])
    )
