#!/usr/bin/env bash
# Runs inside the Swift toolchain: type-checks all of the app against Stubs/ (its README says what
# that proves). EdgeKitCore and Digits are the modules that the tests of App/Logic were built with.
set -euo pipefail
stubs=/source/ios_demo/checks/app/Stubs
made=/build/stubs
modules=/build/app/.build/debug/Modules
rm -rf "$made"
mkdir -p "$made"
for module in CoreGraphics ImageIO UIKit SwiftUI PhotosUI; do
  swiftc -parse-as-library -module-name "$module" -I "$made" -suppress-warnings \
    -emit-module -emit-module-path "$made/$module.swiftmodule" "$stubs/$module"/*.swift
done
found="$(find /source/ios_demo/App -name '*.swift')"
mapfile -t sources <<<"$found"
swiftc -typecheck -parse-as-library -module-name EdgeKitDemo -swift-version 5 \
  -strict-concurrency=complete -warnings-as-errors -I "$made" -I "$modules" -I /source/ios_demo/Sources/CLiteRT \
  "${sources[@]}" "$stubs/Bridge.swift"
