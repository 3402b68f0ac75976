"""Check what makes the app's Xcode project: XcodeGen's files, CocoaPods' files, the assets.

    python check_project.py DEMO PODS.json [PACKAGE.json]

DEMO is the `ios_demo` folder, PODS.json what `pods.rb` read, PACKAGE.json what `swift package
dump-package` said, where Swift is to be had. Xcode and CocoaPods are not here, so the rules are
this file's own: keys that XcodeGen knows, files that exist, products and pods that everything
imported comes from, and versions that agree. Prints what was checked; exits with 1 and one line
for each fault.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import assets
import yaml

# Of XcodeGen's project specification, what these files use: another key would be ignored silently.
_PROJECT_KEYS = {"name", "options", "settings", "targets", "include", "packages"}
_TARGET_KEYS = {"type", "platform", "sources", "settings", "dependencies"}
_OPTION_KEYS = {"bundleIdPrefix", "createIntermediateGroups", "deploymentTarget"}
# Modules of iOS itself that the app may import.
_SYSTEM = {"CoreGraphics", "Foundation", "ImageIO", "Observation", "PhotosUI", "SwiftUI", "UIKit"}
# What a call needs in Info.plist, without which iOS ends the app.
_USAGE = {".sourceType = .camera": "INFOPLIST_KEY_NSCameraUsageDescription"}
_APP = "EdgeKitDemo"


def main() -> None:
    """Check the project named on the command line."""
    demo = Path(sys.argv[1])
    pods, *packages = (json.loads(Path(name).read_text("utf-8")) for name in sys.argv[2:4])
    faults = [
        *_project_faults(demo),
        *_pod_faults(demo, pods),
        *(fault for package in packages for fault in _package_faults(demo, package)),
        *assets.faults(demo / "App/Resources/Assets.xcassets", _settings(load(demo))),
    ]
    for fault in faults:
        print(fault)
    if faults:
        raise SystemExit(1)
    count = len(list((demo / "App").rglob("*.swift")))
    print(f"2 XcodeGen files, Podfile, {len(pods['specs'])} podspecs, assets, {count} Swift files")


def load(demo: Path, name: str = "project.yml") -> dict[str, Any]:
    """A file for XcodeGen with those that it includes: maps are merged, lists joined."""
    found: dict[str, Any] = yaml.safe_load((demo / name).read_text("utf-8"))
    whole: dict[str, Any] = {}
    for other in found.pop("include", []):
        whole = _merged(whole, load(demo, other))
    merged: dict[str, Any] = _merged(whole, found)
    return merged


def _merged(base: Any, over: Any) -> Any:
    if isinstance(base, dict) and isinstance(over, dict):
        both = base.keys() & over.keys()
        return {**base, **over, **{key: _merged(base[key], over[key]) for key in both}}
    return base + over if isinstance(base, list) and isinstance(over, list) else over


def _settings(project: dict[str, Any]) -> dict[str, str]:
    base = project.get("settings", {}).get("base", {})
    found: dict[str, str] = {**base, **project["targets"][_APP].get("settings", {}).get("base", {})}
    return found


def _project_faults(demo: Path) -> Iterator[str]:
    for name in ("project.yml", "project.litert.yml"):
        project = load(demo, name)
        yield from _unknown(name, project, _PROJECT_KEYS)
        yield from _unknown(f"{name} options", project.get("options", {}), _OPTION_KEYS)
        for title, target in project["targets"].items():
            yield from _unknown(f"{name} {title}", target, _TARGET_KEYS)
            if (target.get("type"), target.get("platform")) != ("application", "iOS"):
                yield f"{name}: {title} is no iOS application"
            for source in target["sources"]:
                if not (demo / source["path"]).is_dir():
                    yield f"{name}: {title} has sources {source['path']}, which is no folder"
            for dependency in target.get("dependencies", []):
                if dependency.get("package") not in project.get("packages", {}):
                    yield f"{name}: {title} depends on {dependency}, which is no package"
        for title, package in project.get("packages", {}).items():
            if not (demo / package["path"] / "Package.swift").is_file():
                yield f"{name}: package {title} has no Package.swift"
        settings = _settings(project)
        for key, value in settings.items():
            if not isinstance(value, str):
                yield f"{name}: {key} is no text; YAML reads a bare {value!r} as something else"
        for path in (demo / "App").rglob("*.swift"):
            for call, key in _USAGE.items():
                if call in path.read_text("utf-8") and not settings.get(key):
                    yield f"{name}: {path.name} needs {key}"


def _unknown(where: str, found: dict[str, Any], known: set[str]) -> Iterator[str]:
    for key in sorted(set(found) - known):
        yield f"{where}: no key {key}"


def _pod_faults(demo: Path, pods: dict[str, Any]) -> Iterator[str]:
    podfile, project = pods["podfile"], load(demo)
    minimum = project["options"]["deploymentTarget"]["iOS"]
    if podfile.get("platform") != ["ios", minimum]:
        yield f"Podfile: platform {podfile.get('platform')}, project.yml: iOS {minimum}"
    if podfile.get("project") != f"{project['name']}.xcodeproj":
        yield f"Podfile: project {podfile.get('project')}"
    if set(podfile["targets"]) != set(project["targets"]):
        yield f"Podfile: targets {sorted(podfile['targets'])}"
    chosen = podfile["targets"].get(_APP, {})
    for pod, where in chosen.items():
        version = where.get("version")
        if version is not None and not re.fullmatch(r"\d+\.\d+\.\d+", version):
            yield f"Podfile: {pod} {version} is no single version"
        if "path" in where and f"{pod}.podspec" not in {Path(p).name for p in pods["specs"]}:
            yield f"Podfile: {pod} has no podspec in {where['path']}"
    for path, spec in pods["specs"].items():
        if spec["name"] != Path(path).stem:
            yield f"{path}: its name is {spec['name']}"
        if _version(spec["platform"][1]) > _version(minimum):
            yield f"{path}: iOS {spec['platform'][1]} is above the app's {minimum}"
        for key in ("source_files", "resources"):
            if key in spec and not list(demo.glob(spec[key])):
                yield f"{path}: {key} {spec[key]} finds nothing"
        for pod, version in spec["dependencies"].items():
            if chosen.get(pod, {}).get("version") != version:
                yield f"{path}: depends on {pod} {version}, the Podfile has {chosen.get(pod)}"
    yield from _import_faults(demo / "App", set(chosen), "the Podfile")


def _package_faults(demo: Path, package: dict[str, Any]) -> Iterator[str]:
    project = load(demo, "project.litert.yml")
    products = {product["name"] for product in package["products"]}
    used = {one["product"] for one in project["targets"][_APP].get("dependencies", [])}
    for product in sorted(used - products):
        yield f"project.litert.yml: Package.swift has no product {product}"
    for platform in package["platforms"]:
        minimum = project["options"]["deploymentTarget"]["iOS"]
        if platform["platformName"] == "ios" and _version(platform["version"]) > _version(minimum):
            yield f"Package.swift: iOS {platform['version']} is above the app's {minimum}"
    yield from _import_faults(demo / "App", used, "project.litert.yml")


def _import_faults(app: Path, given: set[str], where: str) -> Iterator[str]:
    for path in sorted(app.rglob("*.swift")):
        for module in re.findall(r"^\s*import (\w+)", path.read_text("utf-8"), re.MULTILINE):
            if module not in _SYSTEM | given:
                yield f"{path.name} imports {module}, which {where} does not bring"


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


if __name__ == "__main__":
    main()
