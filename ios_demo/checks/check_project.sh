#!/usr/bin/env bash
# What makes the Xcode project, by rules of our own: project.yml, the Podfile, the podspecs, and
# Package.swift where the Swift toolchain is there.
source "$(dirname "${BASH_SOURCE[0]}")/toolchain.sh"
source "$DEMO/checks/app/ruby.sh"
find_ruby project
scratch
cd "$DEMO"

read_pods() { ruby checks/app/pods.rb Podfile ./*.podspec >"$SCRATCH/pods.json"; }
step project "the Podfile or a podspec cannot be read" read_pods

# In a bash of its own: that Swift is not there must not skip the rest.
dump_package() {
  find_swift package
  in_swift swift package --package-path /source/ios_demo --scratch-path /build/dump dump-package \
    >"$SCRATCH/dumped"
  sed -n '/^{/,$p' "$SCRATCH/dumped" >"$SCRATCH/package.json"
}
step project "Package.swift cannot be read" dump_package
packages=()
if [ -f "$SCRATCH/package.json" ]; then
  packages=("$SCRATCH/package.json")
else
  grep '^SKIPPED ' "$LOG"
fi

step project "it breaks a rule" "$PYTHON" checks/app/check_project.py . "$SCRATCH/pods.json" \
  ${packages[@]+"${packages[@]}"}
passed project "$(tail -n 1 "$LOG")"
