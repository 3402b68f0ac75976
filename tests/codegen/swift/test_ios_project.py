"""The rules for what makes the iOS app's Xcode project: the real one holds them, faults do not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).parents[3] / "ios_demo"
CHECK = DEMO / "checks/app/check_project.py"

# What pods.rb reads of the committed Podfile and podspecs; it needs Ruby, which may not be here.
PODS: dict[str, Any] = {
    "podfile": {
        "platform": ["ios", "17.0"],
        "project": "EdgeKitDemo.xcodeproj",
        "linkage": "static",
        "targets": {
            "EdgeKitDemo": {
                "TensorFlowLiteSwift": {"version": "2.17.0"},
                "EdgeKitCore": {"path": "."},
                "Digits": {"path": "."},
            }
        },
    },
    "specs": {
        "EdgeKitCore.podspec": {
            "name": "EdgeKitCore",
            "platform": ["ios", "15.0"],
            "source_files": "Sources/EdgeKitCore/**/*.swift",
            "dependencies": {"TensorFlowLiteSwift": "2.17.0"},
        },
        "Digits.podspec": {
            "name": "Digits",
            "platform": ["ios", "15.0"],
            "source_files": "Sources/Digits/**/*.swift",
            "resources": "Sources/Digits/Models/*",
            "dependencies": {"EdgeKitCore": None},
        },
    },
}
PACKAGE = {
    "products": [{"name": "EdgeKitCore"}, {"name": "Digits"}],
    "platforms": [{"platformName": "ios", "version": "15.0"}],
}


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """A copy of the app, to break."""
    for name in ("App", "Sources", "Package.swift", "project.yml", "project.litert.yml"):
        source = DEMO / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name)
        else:
            shutil.copy(source, tmp_path / name)
    return tmp_path


def _faults(demo: Path, pods: object = PODS, package: object = PACKAGE) -> list[str]:
    """The lines of the check where it fails; none where it passes."""
    for name, content in (("pods.json", pods), ("package.json", package)):
        (demo / name).write_text(json.dumps(content), encoding="utf-8")
    result = subprocess.run(
        [sys.executable, CHECK, demo, demo / "pods.json", demo / "package.json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode in (0, 1) and not result.stderr, result.stderr
    return result.stdout.splitlines() if result.returncode else []


def _replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(demo: Path) -> None:
        text = (demo / name).read_text(encoding="utf-8")
        assert old in text
        (demo / name).write_text(text.replace(old, new), encoding="utf-8")

    return change


def test_the_committed_project_has_no_faults(demo: Path) -> None:
    assert _faults(demo) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_replace("project.yml", "path: App", "path: Apps"), "sources Apps, which is no folder"),
        (_replace("project.yml", "type: app", "typ: app"), "no key typ"),
        (_replace("project.yml", '"17.0"', '"18.0"'), "platform ['ios', '17.0']"),
        (_replace("project.yml", '"NO"', "NO"), "ENABLE_USER_SCRIPT_SANDBOXING is no text"),
        (_replace("project.yml", "NSCameraUsage", "NSMicUsage"), "NSCameraUsageDescription"),
        (_replace("project.yml", "NAME: AppIcon", "NAME: Icon"), "no Icon.appiconset"),
        (_replace("project.litert.yml", "product: Digits", "product: Digit"), "no product Digit"),
        (_replace("project.litert.yml", "path: .", "path: App"), "has no Package.swift"),
        (_replace("App/Views/MainView.swift", "SwiftUI", "MapKit"), "imports MapKit"),
    ],
)
def test_a_fault_is_found(demo: Path, change: Callable[[Path], None], fault: str) -> None:
    change(demo)
    assert any(fault in line for line in _faults(demo))


def test_versions_of_pods_agree_and_are_single_ones(demo: Path) -> None:
    pods = json.loads(json.dumps(PODS))
    pods["podfile"]["targets"]["EdgeKitDemo"]["TensorFlowLiteSwift"]["version"] = "~> 2.17"
    faults = _faults(demo, pods)
    assert "Podfile: TensorFlowLiteSwift ~> 2.17 is no single version" in faults
    assert any(line.startswith("EdgeKitCore.podspec: depends on") for line in faults)


def test_a_podspec_whose_files_are_gone_is_found(demo: Path) -> None:
    shutil.rmtree(demo / "Sources/Digits/Models")
    assert "Digits.podspec: resources Sources/Digits/Models/* finds nothing" in _faults(demo)


def test_an_icon_of_another_size_is_found(demo: Path) -> None:
    from PIL import Image

    icon = demo / "App/Resources/Assets.xcassets/AppIcon.appiconset/icon.png"
    Image.new("RGBA", (512, 512)).save(icon)
    assert _faults(demo) == [
        "icon.png has 512x512 pixels, not 1024x1024",
        "icon.png has mode RGBA; an icon has no transparency",
    ]


def test_the_pods_of_this_test_are_those_of_the_podfile() -> None:
    podfile = (DEMO / "Podfile").read_text(encoding="utf-8")
    for pod, where in PODS["podfile"]["targets"]["EdgeKitDemo"].items():
        said = f"'{where['version']}'" if "version" in where else f":path => '{where['path']}'"
        assert f"pod '{pod}', {said}" in podfile
