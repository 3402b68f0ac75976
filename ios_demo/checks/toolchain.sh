#!/usr/bin/env bash
# The Swift toolchain of the checks: Debian's own, in a folder outside the repository.
#
#   toolchain.sh install        make it, once; says why where it cannot be had, and returns 3
#   toolchain.sh run COMMAND..  run a command in it; /source is the repository, /litert the folder
#                               EDGEKIT_LITERT_FOLDER, /build a folder that is kept between runs;
#                               it begins in /source
#
# A Debian of its own is needed, since Swift is packaged from Debian 13 on and its compiler wants
# that system's C++ library. It is made beside its place and moved there at the end: a half-made one
# is never taken for whole. It runs in a mount namespace, so that nothing stays mounted.
set -euo pipefail

readonly suite=trixie
readonly packages='swiftlang libc6-dev libstdc++-14-dev git'
readonly cache=${EDGEKIT_TOOLCHAINS:-$HOME/.cache/edgekit/toolchains}
readonly root=$cache/swift-debian-$suite
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly repository

# Why there is no toolchain, on standard output; the caller prints it.
unavailable() {
  echo "$*"
  exit 3
}

# Debian's mirror, as this machine's apt knows it.
mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    grep -E '/debian/?$' | head -n 1
}

install() {
  [ -e "$root/.complete" ] && return 0
  [ "$(uname -s)" = Linux ] || unavailable "the toolchain is Debian's, and this is no Linux"
  [ "$(id -u)" = 0 ] || unavailable "a Debian folder can be made by root only"
  local command
  for command in apt-get dpkg-deb unshare flock; do
    command -v "$command" >/dev/null || unavailable "there is no $command here"
  done
  local from
  from=$(mirror) || true
  [ -n "$from" ] || unavailable "apt knows no Debian mirror here"
  unshare --mount true 2>/dev/null || unavailable "mount namespaces are not allowed here"
  mkdir -p "$cache"
  exec 9>"$root.lock"
  flock 9 # two checks at once: the second one finds it made
  [ -e "$root/.complete" ] && return 0
  local half=$root.half
  rm -rf "$half" "$root"
  mkdir -p "$half"
  local bootstrap
  bootstrap=$(debootstrap_folder) || unavailable "debootstrap cannot be downloaded"
  echo "making the Swift toolchain (a download of about 530 MB) ..." >&2
  if ! DEBOOTSTRAP_DIR=$bootstrap/usr/share/debootstrap "$bootstrap/usr/sbin/debootstrap" \
    --variant=minbase "$suite" "$half/root" "$from" >"$half/log" 2>&1; then
    tail -n 5 "$half/log" >&2
    unavailable "Debian $suite cannot be downloaded"
  fi
  if ! unshare --mount --fork bash -c '
    mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" &&
      cp -L /etc/resolv.conf "$1/etc/resolv.conf" &&
      chroot "$1" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends '"$packages"' && chroot "$1" apt-get clean' \
    - "$half/root" >>"$half/log" 2>&1; then
    tail -n 5 "$half/log" >&2
    unavailable "Debian's swiftlang cannot be installed"
  fi
  rm -rf "$bootstrap"
  touch "$half/root/.complete"
  mv "$half/root" "$root"
  rm -rf "$half"
}

# debootstrap, from the machine's own packages where it is not installed; prints its root.
debootstrap_folder() {
  if [ -x /usr/sbin/debootstrap ]; then
    echo ""
    return 0
  fi
  local folder=$root.half/debootstrap
  mkdir -p "$folder"
  (
    cd "$folder"
    apt-get download debootstrap >download.log 2>&1 || {
      apt-get update >update.log 2>&1 && apt-get download debootstrap >download.log 2>&1
    }
    dpkg-deb -x debootstrap_*.deb .
  ) || return 1
  echo "$folder"
}

# Runs a command where the repository (or EDGEKIT_SWIFT_WORK) lies at /source, read-only.
run() {
  local work=${EDGEKIT_SWIFT_WORK:-$repository}
  local litert=${EDGEKIT_LITERT_FOLDER:-$work}
  # A build folder for each repository: paths within the toolchain are alike for all of them.
  local build
  build=$cache/swift-build/$(echo "$repository" | cksum | cut -d ' ' -f 1)
  mkdir -p "$build" "$root/source" "$root/litert" "$root/build"
  # shellcheck disable=SC2016  # the inner shell expands these
  unshare --mount --fork bash -c '
    set -e
    root=$1 work=$2 litert=$3 build=$4
    shift 4
    mount --rbind /dev "$root/dev"
    mount --rbind /sys "$root/sys" # LiteRT looks at the processors there
    mount -t proc proc "$root/proc"
    mount --bind "$work" "$root/source"
    mount -o remount,bind,ro "$root/source"
    mount --bind "$litert" "$root/litert"
    mount -o remount,bind,ro "$root/litert"
    mount --bind "$build" "$root/build"
    exec chroot "$root" env -i -C /source PATH=/usr/bin:/bin:/usr/libexec/swift/bin HOME=/build LANG=C.UTF-8 "$@"' \
    - "$root" "$work" "$litert" "$build" "$@"
}

case ${1:-} in
install) install ;;
run) shift && run "$@" ;;
*)
  echo "usage: toolchain.sh install | run COMMAND" >&2
  exit 2
  ;;
esac
