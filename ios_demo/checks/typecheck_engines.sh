#!/usr/bin/env bash
# Runs inside the Swift toolchain: type-checks EdgeKitCore as CocoaPods would build it, without
# CLiteRT and with TensorFlowLite and CoreGraphics, against declarations of our own; and evaluates
# Package.swift as on a Mac.
set -euo pipefail
stubs=/source/ios_demo/checks/stubs
made=/build/engines
rm -rf "$made"
mkdir -p "$made"
for module in TensorFlowLite CoreGraphics; do
  swiftc -parse-as-library -module-name "$module" -suppress-warnings \
    -emit-module -emit-module-path "$made/$module.swiftmodule" "$stubs/$module"/*.swift
done
for version in 5 6; do
  swiftc -typecheck -parse-as-library -module-name EdgeKitCore -swift-version "$version" \
    -warnings-as-errors -I "$made" /source/ios_demo/Sources/EdgeKitCore/*.swift
done
# Without any engine, which an app then brings.
swiftc -typecheck -parse-as-library -module-name EdgeKitCore -swift-version 5 \
  -warnings-as-errors /source/ios_demo/Sources/EdgeKitCore/*.swift

# What the manifest says on Apple's systems, without the framework and with it.
apple=/build/apple
rm -rf "$apple"
mkdir -p "$apple/Tests"
cp -r /source/ios_demo/Sources "$apple/Sources"
cp -r /source/ios_demo/Tests/* "$apple/Tests/"
sed 's/#if os(Linux)/#if os(macOS)/' /source/ios_demo/Package.swift >"$apple/Package.swift"
# frameworks: how many binary targets it has. Uncached: a cached manifest does not notice a new folder.
frameworks() {
  swift package --package-path "$apple" --manifest-cache none dump-package >"$made/package.json"
  awk '/"type" : "binary"/ { n++ } END { print n + 0 }' "$made/package.json"
}
# expect COUNT
expect() {
  local count
  count="$(frameworks)"
  if [ "$count" != "$1" ]; then
    echo "error: $count frameworks, not $1"
    exit 1
  fi
}
expect 0
mkdir "$apple/CLiteRT.xcframework"
expect 1
