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
readonly keyring=/usr/share/keyrings/debian-archive-keyring.gpg
readonly pins=$repository/requirements/convert.txt

unavailable() {
  printf '%s\n' "$*"
  exit 3
}

# Debian mirrors as this machine's apt knows them, best first; other vendors' archives may be among
# them, which have no Release that Debian signed. Works before the first `apt-get update`, too.
mirrors() {
  apt-get --print-uris update 2>/dev/null |
    sed -nE "s#^'(.*)/dists/[a-z]+/(In)?Release' .*#\1#p" |
    awk '/\/debian$/ { print 0, $0; next } { print 1, $0 }' | sort -u | cut -d ' ' -f 2-
}

# debian FOLDER SUITE ARCHITECTURE PACKAGE..: downloads packages, with all that they depend on, into
# FOLDER/archives, by an apt whose state is FOLDER: this machine's own packages stay as they are.
debian() {
  local folder=$1 suite=$2 architecture=$3 mirror
  shift 3
  mkdir -p "$folder/state/lists/partial" "$folder/archives/partial"
  : >"$folder/status"
  local options=(
    -o "APT::Architecture=$architecture" -o "APT::Architectures::=$architecture"
    -o APT::Install-Recommends=false -o APT::Sandbox::User= -o Acquire::Languages=none
    -o Acquire::Retries=2 -o APT::Update::Error-Mode=any
    -o "Dir::State=$folder/state" -o "Dir::State::status=$folder/status"
    -o "Dir::Cache=$folder/cache" -o "Dir::Cache::archives=$folder/archives"
    -o "Dir::Etc::sourcelist=$folder/sources.list" -o Dir::Etc::sourceparts=-
    -o Dir::Etc::preferencesparts=- -o Dir::Etc::preferences=-
  )
  while read -r mirror; do
    echo "deb [signed-by=$keyring] $mirror $suite main" >"$folder/sources.list"
    if apt-get "${options[@]}" -q update &&
      apt-get "${options[@]}" -q -y --download-only install "$@"; then
      return 0
    fi
  done < <(mirrors)
  echo "Debian $suite ($architecture) cannot be downloaded"
  return 1
}

# make_whole FOLDER: the toolchain. What it says goes to a log; the last line is the reason.
make_whole() {
  local folder=$1 deb scratch=$1/scratch
  mkdir -p "$folder/root" "$scratch"
  debian "$scratch/arm64" bookworm arm64 $python_packages || return 1
  for deb in "$scratch"/arm64/archives/*.deb; do
    dpkg-deb -x "$deb" "$folder/root" || return 1
  done
  debian "$scratch/qemu" trixie amd64 qemu-user || return 1
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
  key=$({ cat "$0" && grep -E '^(ai-edge-litert|numpy)==' "$pins"; } | sha256sum | cut -c 1-12)
  place=$toolchains/arm64-$key
  if [ ! -d "$place" ]; then
    case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) ;;
    *) unavailable "the emulator is Debian's for Linux on x86-64, and this is $(uname -s) $(uname -m)" ;;
    esac
    for command in apt-get dpkg-deb flock; do
      command -v "$command" >/dev/null || unavailable "there is no $command here"
    done
    [ -r "$keyring" ] || unavailable "there is no keyring of Debian's archive here"
    [ -n "$(mirrors)" ] || unavailable "apt knows no mirror here"
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
