#!/usr/bin/env bash
# The app, as far as that is possible without a Mac: all that is no screen is compiled, type-checked
# and tested on Linux with the real model and the real LiteRT; the screens are parsed, and
# type-checked against declarations of our own.
source "$(dirname "${BASH_SOURCE[0]}")/toolchain.sh"
find_swift app
scratch

cd "$DEMO"
lines files find App -name '*.swift'

# shellcheck disable=SC2016  # the toolchain's shell expands these
step app "a Swift file does not parse" in_swift bash -euc '
  cd ios_demo
  for file in "$@"; do swiftc -frontend -parse "$file"; done' - "${files[@]}"
step app "swift-format finds faults" in_swift swift-format lint --strict --recursive \
  ios_demo/App ios_demo/checks/app/Tests
passed app "${#files[@]} Swift files parse, and swift-format finds nothing in them"

# shellcheck disable=SC2016
step app "a test of App/Logic fails" in_swift bash -euc '
  rm -rf /build/app/Sources /build/app/Tests
  mkdir -p /build/app/Sources /build/app/Tests
  cp ios_demo/checks/app/Package.swift /build/app/
  cp -r ios_demo/App/Logic /build/app/Sources/AppLogic
  cp -r ios_demo/checks/app/Tests /build/app/Tests/AppLogicTests
  swift test --package-path /build/app "$@"' - "${LINKER[@]}"
says_tests app
if grep -E 'AppLogic/.*warning:' "$LOG"; then failed app "App/Logic compiles with warnings" "$LOG"; fi
passed app "App/Logic on Linux with LiteRT: $TESTS"

step app "a screen does not type-check" in_swift ios_demo/checks/app/typecheck_screens.sh
passed app "all of it is type-checked, the screens against declarations of our own"
