#!/usr/bin/env bash
# An arm64 Python with LiteRT, and an emulator for it, in a folder outside the repository.
#
#   toolchain.sh REPOSITORY    prints the folder; makes it if it is not there (about 120 MB of
#                              downloads). Where it cannot be had: says why, and returns 3.
#
# In the folder: `qemu-aarch64` of Debian 13 (that of Debian 12 crashes with LiteRT), `root` with
# Debian 12's Python and what it needs, `site` with the wheels. No chroot, no root rights and no
# binfmt: qemu finds the libraries in `root`. The folder's name has a hash of all that it is made
# of, and it is made beside its place and moved there: a half-made one is never taken for whole.
set -euo pipefail

readonly repository=$1
readonly toolchains=${EDGEKIT_TOOLCHAINS:-$HOME/.cache/edgekit/toolchains}
readonly python=${PYTHON:-python3}
readonly python_packages="python3.11-minimal libpython3.11-stdlib libstdc++6"
readonly pins=$repository/requirements/convert.txt

unavailable() {
  printf '%s\n' "$*"
  exit 3
}

# shellcheck source=../debian.sh
. "$(dirname "${BASH_SOURCE[0]}")/../debian.sh"

# make_whole FOLDER: the toolchain. What it says goes to a log; the last line is the reason.
make_whole() {
  local folder=$1 deb scratch=$1/scratch
  mkdir -p "$folder/root" "$scratch"
  debian_download "$scratch/arm64" bookworm arm64 $python_packages || return 1
  for deb in "$scratch"/arm64/archives/*.deb; do
    dpkg-deb -x "$deb" "$folder/root" || return 1
  done
  debian_download "$scratch/qemu" trixie amd64 qemu-user || return 1
  dpkg-deb --fsys-tarfile "$scratch"/qemu/archives/qemu-user_*.deb |
    tar -x -C "$scratch" ./usr/bin/qemu-aarch64 || return 1
  mv "$scratch/usr/bin/qemu-aarch64" "$folder/qemu-aarch64" || return 1
  grep -E '^(ai-edge-litert|numpy)==' "$pins" >"$scratch/wheels.txt" || return 1
  "$python" -m pip --version >/dev/null 2>&1 || "$python" -m ensurepip || return 1
  if ! "$python" -m pip install --quiet --disable-pip-version-check --no-compile \
    --target "$folder/site" --only-binary=:all: --implementation cp --python-version 3.11 \
    --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 \
    --platform manylinux_2_17_aarch64 --constraint "$pins" --requirement "$scratch/wheels.txt"; then
    echo "the arm64 wheels of LiteRT and NumPy cannot be downloaded"
    return 1
  fi
  rm -rf "$scratch"
}

main() {
  local key place half log command
  key=$({ cat "$0" "$repository/checks/debian.sh" && grep -E '^(ai-edge-litert|numpy)==' "$pins"; } | sha256sum | cut -c 1-12)
  place=$toolchains/arm64-$key
  if [ ! -d "$place" ]; then
    case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) ;;
    *) unavailable "the emulator is Debian's for Linux on x86-64, and this is $(uname -s) $(uname -m)" ;;
    esac
    for command in apt-get dpkg-deb flock tar; do
      command -v "$command" >/dev/null || unavailable "there is no $command here"
    done
    [ -r "$debian_keyring" ] || unavailable "there is no keyring of Debian's archive here"
    [ -n "$(debian_mirrors)" ] || unavailable "apt knows no mirror here"
    mkdir -p "$toolchains"
    exec 9>"$place.lock"
    flock 9 # of two checks at once, the second one finds it made
    if [ ! -d "$place" ]; then
      half=$place.half log=$place.log
      rm -rf "$half"
      echo "making the arm64 toolchain (about 120 MB of downloads) ..." >&2
      make_whole "$half" >"$log" 2>&1 || { rm -rf "$half" && unavailable "$(tail -n 1 "$log")"; }
      mv "$half" "$place"
    fi
  fi
  printf '%s\n' "$place"
}

main
