#!/usr/bin/env bash
# Runs inside the Swift toolchain: type-checks EdgeKitCore as CocoaPods would build it, without
# CLiteRT and with TensorFlowLite and CoreGraphics, against declarations of our own.
set -euo pipefail
stubs=/work/ios_demo/checks/stubs
made=/build/engines
rm -rf "$made"
mkdir -p "$made"
for module in TensorFlowLite CoreGraphics; do
  swiftc -parse-as-library -module-name "$module" -suppress-warnings \
    -emit-module -emit-module-path "$made/$module.swiftmodule" "$stubs/$module"/*.swift
done
for version in 5 6; do
  swiftc -typecheck -parse-as-library -module-name EdgeKitCore -swift-version "$version" \
    -warnings-as-errors -I "$made" /work/ios_demo/Sources/EdgeKitCore/*.swift
done
