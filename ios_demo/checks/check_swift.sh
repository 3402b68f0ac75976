#!/usr/bin/env bash
# The Swift package on Linux: built, tested against the real LiteRT library, its source linted.
#
# LiteRT's library is that of the ai-edge-litert package in PYTHON's environment.
source "$(dirname "${BASH_SOURCE[0]}")/toolchain.sh"
find_swift swift
scratch
package=(--package-path /source/ios_demo --scratch-path /build/demo "${LINKER[@]}")

step swift "there is no swift in its toolchain" in_swift swift --version
version="$(head -n 1 "$LOG")"
step swift "the package does not build" in_swift swift build --build-tests "${package[@]}" \
  -Xswiftc -warnings-as-errors -Xswiftc -strict-concurrency=complete
passed swift "$version builds the package without a warning"

step swift "a test fails" in_swift swift test --skip-build "${package[@]}"
says_tests swift
grep -E '^(vectors|golden): ' "$LOG" | sed 's/^/ok swift: /'
passed swift "$TESTS"

step swift "swift-format finds faults" in_swift swift-format lint --strict --recursive \
  ios_demo/Package.swift ios_demo/Sources ios_demo/Tests ios_demo/checks/stubs
passed swift "swift-format finds nothing in Package.swift, Sources, Tests and stubs"

# What needs a pod or Apple's SDK is checked against declarations of our own (checks/stubs).
step swift "an engine or the manifest does not hold" in_swift ios_demo/checks/typecheck_engines.sh
passed swift "TensorFlowLiteSwift's engine and CoreGraphics' pictures type-check in Swift 5 and 6"
passed swift "Package.swift evaluates as on a Mac, with CLiteRT.xcframework and without"
