#!/usr/bin/env bash
# The app, as far as that is possible without a Mac: all that is no screen is compiled, type-checked
# and tested on Linux with the real model and the real LiteRT; the screens are parsed, and
# type-checked against declarations of our own; what makes the Xcode project is checked by rules of
# our own.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
demo=$(dirname "$here")
toolchain=$here/toolchain.sh
PYTHON=${PYTHON:-$(ls "$demo/../.venv/bin/python" 2>/dev/null || echo python3)}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
log=$scratch/log

# step NAME COMMAND..: runs a command whose output is shown only where it fails.
step() {
  local name=$1
  shift
  if ! "$@" >"$log" 2>&1; then
    grep -E 'error|warning|Fatal|failed' "$log" | cut -c 1-300 | head -n 40 || tail -n 20 "$log"
    echo "FAILED app: $name"
    exit 1
  fi
}

# All Swift files of the app, as the toolchain sees them.
mapfile -t screens < <(cd "$demo" && find App -name '*.swift' | sort)

packages=()
if reason=$("$toolchain" install); then
  EDGEKIT_LITERT_FOLDER=$("$here/litert_folder.sh" 2>&1) ||
    { echo "FAILED app: $EDGEKIT_LITERT_FOLDER" && exit 1; }
  export EDGEKIT_LITERT_FOLDER

  # shellcheck disable=SC2016  # the toolchain's shell expands these
  step "swiftc -parse" "$toolchain" run bash -c '
    cd /source/ios_demo && for file in "$@"; do swiftc -frontend -parse "$file" || exit 1; done' \
    - "${screens[@]}"
  step "swift-format" "$toolchain" run /usr/libexec/swift/bin/swift-format lint --strict \
    --recursive /source/ios_demo/App /source/ios_demo/checks/app/Tests
  echo "ok app: ${#screens[@]} Swift files parse, and swift-format finds nothing in them"

  linker=(-Xlinker -L/litert -Xlinker -rpath -Xlinker /litert)
  # shellcheck disable=SC2016
  step "the tests of App/Logic" "$toolchain" run bash -c '
    set -e
    rm -rf /build/app/Sources /build/app/Tests
    mkdir -p /build/app/Sources /build/app/Tests
    cp /source/ios_demo/checks/app/Package.swift /build/app/
    cp -r /source/ios_demo/App/Logic /build/app/Sources/AppLogic
    cp -r /source/ios_demo/checks/app/Tests /build/app/Tests/AppLogicTests
    swift test --package-path /build/app "$@"' - "${linker[@]}"
  passed=$(grep -oE 'Executed [0-9]+ tests, with 0 failures' "$log" | tail -n 1)
  [ -n "$passed" ] || { echo "FAILED app: no test was run" && exit 1; }
  ! grep -E 'AppLogic/.*warning:' "$log" || { echo "FAILED app: warnings" && exit 1; }
  echo "ok app: App/Logic on Linux with LiteRT: $passed"

  step "the screens' types" "$toolchain" run /source/ios_demo/checks/app/typecheck_screens.sh
  echo "ok app: all of it is type-checked, the screens against declarations of our own"

  step "swift package dump-package" "$toolchain" run swift package \
    --package-path /source/ios_demo --scratch-path /build/dump dump-package
  sed -n '/^{/,$p' "$log" >"$scratch/package.json"
  packages=("$scratch/package.json")
else
  echo "SKIPPED app: ${reason:-the Swift toolchain cannot be made}"
fi

status=0
(cd "$demo" && "$here/app/ruby.sh" checks/app/pods.rb Podfile ./*.podspec) \
  >"$scratch/pods.json" 2>"$log" || status=$?
if [ "$status" -eq 3 ]; then
  echo "SKIPPED project: $(tail -n 1 "$scratch/pods.json")"
  exit 0
fi
[ "$status" -eq 0 ] || { cat "$log" && echo "FAILED project: the Podfile or a podspec" && exit 1; }
if ! checked=$("$PYTHON" "$here/app/check_project.py" "$demo" "$scratch/pods.json" \
  ${packages[@]+"${packages[@]}"}); then
  printf 'FAILED project: %s\n' "$checked"
  exit 1
fi
echo "ok project: $checked"
