# Sourced by check_arm64.sh after steps.sh: an arm64 Python with LiteRT, and an emulator for it.
#
# In the folder: `qemu-aarch64` of Debian 13 (that of Debian 12 crashes with LiteRT), `root` with
# Debian 12's Python and what it needs, `site` with the wheels. No chroot, no root rights and no
# binfmt: qemu finds the libraries in `root`. The folder's name has a hash of all that it is made of.

# shellcheck shell=bash
source "$REPOSITORY/checks/debian.sh"

ARM64_PINS="$REPOSITORY/requirements/convert.txt"
ARM64_DEBIAN=(python3.11-minimal libpython3.11-stdlib libstdc++6)

make_arm64() {
  local scratch="$1/scratch" platform platforms=()
  mkdir -p "$scratch"
  debian_download "$scratch/arm64" arm64 bookworm "${ARM64_DEBIAN[@]}"
  debian_unpack "$scratch/arm64" "$1/root"
  debian_download "$scratch/qemu" amd64 trixie qemu-user
  dpkg-deb --fsys-tarfile "$scratch"/qemu/archives/qemu-user_*.deb |
    tar -x -C "$scratch" ./usr/bin/qemu-aarch64
  mv "$scratch/usr/bin/qemu-aarch64" "$1/qemu-aarch64"
  grep -E '^(ai-edge-litert|numpy)==' "$ARM64_PINS" >"$scratch/wheels.txt"
  "$PYTHON" -m pip --version >/dev/null 2>&1 || "$PYTHON" -m ensurepip
  for platform in 28 27 17; do platforms+=(--platform "manylinux_2_${platform}_aarch64"); done
  "$PYTHON" -m pip install --quiet --disable-pip-version-check --no-compile --target "$1/site" \
    --only-binary=:all: --implementation cp --python-version 3.11 "${platforms[@]}" \
    --constraint "$ARM64_PINS" --requirement "$scratch/wheels.txt"
  rm -rf "$scratch"
}

# arm64_name: prints the name of the folder.
arm64_name() {
  local pins
  pins="$(grep -E '^(ai-edge-litert|numpy)==' "$ARM64_PINS")"
  { declare -f make_arm64 && echo "${ARM64_DEBIAN[*]} $pins"; } | sha256sum | sed 's/^/arm64-/' |
    cut -c 1-18
}

# find_arm64 NAME: sets ARM64 to the folder, or skips the check NAME.
find_arm64() {
  local name
  name="$(arm64_name)"
  if [ ! -d "$TOOLCHAINS/$name" ]; then needs_debian "$1" tar; fi
  ARM64="$(toolchain "$name" make_arm64)" || skipped "$1" "arm64's Python: $(reason "$name")"
}

# arm64_python ARGUMENTS..: the arm64 Python. The host's Python settings are not for it.
arm64_python() {
  env -i PATH=/usr/bin:/bin HOME="$SCRATCH" PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH="$ARM64/site:$SCRATCH/python" QEMU_CPU=cortex-a76 "$ARM64/qemu-aarch64" \
    -L "$ARM64/root" "$ARM64/root/usr/bin/python3.11" "$@"
}
