#!/usr/bin/env bash
# Puts LiteRT's runtime for iOS where Package.swift looks for it.
#
#   scripts/install_xcframework.sh CLiteRT.xcframework.zip
#
# The archive is LiteRT's own (README: where it comes from). Its headers are replaced by those of
# Sources/CLiteRT, the few functions that EdgeKitCore calls, so that the same Swift compiles on
# Linux and for iOS.
set -euo pipefail
demo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[ $# -eq 1 ] && [ -f "$1" ] || { echo "usage: $0 CLiteRT.xcframework.zip" >&2 && exit 2; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unzip -q "$1" -d "$scratch"
framework=$scratch/CLiteRT.xcframework
[ -f "$framework/Info.plist" ] || { echo "$1 holds no CLiteRT.xcframework" >&2 && exit 1; }

count=0
for slice in "$framework"/*/CLiteRT.framework; do
  [ -f "$slice/CLiteRT" ] || { echo "${slice#"$scratch/"} holds no library" >&2 && exit 1; }
  rm -rf "$slice/Headers" "$slice/Modules"
  mkdir "$slice/Headers" "$slice/Modules"
  cp "$demo/Sources/CLiteRT/litert.h" "$slice/Headers/"
  printf 'framework module CLiteRT {\n  header "litert.h"\n  export *\n}\n' \
    >"$slice/Modules/module.modulemap"
  count=$((count + 1))
done
[ "$count" -gt 0 ] || { echo "$1 holds no CLiteRT.framework" >&2 && exit 1; }
rm -rf "$demo/CLiteRT.xcframework"
mv "$framework" "$demo/CLiteRT.xcframework"
echo "CLiteRT.xcframework, $count slices. In Xcode: File, Packages, Reset Package Caches."
