# Sourced by this demo's checks: steps.sh, and Debian's Swift in a folder outside the repository.
#
# A Debian of its own is needed, since Swift is packaged from Debian 13 on and its compiler wants that
# system's C++ library. Commands run in a mount namespace, so that nothing stays mounted.

# shellcheck shell=bash
source "$(dirname "${BASH_SOURCE[0]}")/../../checks/steps.sh"
source "$REPOSITORY/checks/debian.sh"

DEMO="$REPOSITORY/ios_demo"
SWIFT_DEBIAN=trixie
SWIFT_PACKAGES=(swiftlang libc6-dev libstdc++-14-dev git)
# How a Swift program finds the real LiteRT within the toolchain.
LINKER=(-Xlinker -L/litert -Xlinker -rpath -Xlinker /litert)

# make_swift FOLDER: a download of about 530 MB.
make_swift() {
  local mirror
  mirror="$(debian_mirror)"
  debian_download "$1/debootstrap" amd64 "$SWIFT_DEBIAN" debootstrap
  dpkg-deb -x "$1"/debootstrap/archives/debootstrap_*.deb "$1/debootstrap/root"
  DEBOOTSTRAP_DIR="$1/debootstrap/root/usr/share/debootstrap" \
    "$1/debootstrap/root/usr/sbin/debootstrap" --variant=minbase "$SWIFT_DEBIAN" "$1/root" "$mirror"
  # shellcheck disable=SC2016  # the inner shell expands these
  unshare --mount --fork bash -euc '
    mount --rbind /dev "$1/dev"
    mount -t proc proc "$1/proc"
    cp -L /etc/resolv.conf "$1/etc/resolv.conf"
    chroot "$1" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y --no-install-recommends "${@:2}"
    chroot "$1" apt-get clean' - "$1/root" "${SWIFT_PACKAGES[@]}"
  mkdir -p "$1/root/source" "$1/root/litert" "$1/root/build"
  rm -rf "$1/debootstrap"
}

# find_swift NAME: sets SWIFT to the toolchain and LITERT to the folder of the real LiteRT's library, or
# skips the check NAME.
find_swift() {
  local name="swift-$SWIFT_DEBIAN"
  needs "$1" unshare
  if [ "$(id -u)" != 0 ]; then skipped "$1" "a Debian folder can be made and entered by root only"; fi
  unshare --mount true 2>/dev/null || skipped "$1" "mount namespaces are not allowed here"
  if [ ! -d "$TOOLCHAINS/$name" ]; then needs_debian "$1"; fi
  SWIFT="$(toolchain "$name" make_swift)" || skipped "$1" "Swift: $(reason "$name")"
  find_litert "$1"
}

# in_swift COMMAND..: runs in the toolchain, in /source, which is the repository, read-only. /litert is
# the folder LITERT, /build one that is kept between runs.
in_swift() { in_swift_with "$REPOSITORY" "$@"; }

# in_swift_with FOLDER COMMAND..: the same with FOLDER as /source.
in_swift_with() {
  # A build folder for each repository: paths within the toolchain are alike for all of them.
  local key build
  key="$(echo "$REPOSITORY" | cksum | cut -d ' ' -f 1)"
  build="$TOOLCHAINS/swift-build/$key"
  mkdir -p "$build"
  # shellcheck disable=SC2016  # the inner shell expands these
  unshare --mount --fork bash -euc '
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
    exec chroot "$root" env -i -C /source PATH=/usr/bin:/bin:/usr/libexec/swift/bin HOME=/build \
      LANG=C.UTF-8 "$@"' - "$SWIFT/root" "$1" "$LITERT" "$build" "${@:2}"
}

# says_tests NAME: the line of the last step's log that says how many tests passed; fails the check NAME
# where none ran.
says_tests() {
  TESTS="$(grep -oE 'Executed [1-9][0-9]* tests?, with 0 failures' "$LOG" | tail -n 1)" ||
    failed "$1" "no test was run" "$LOG"
}
