# Sourced after steps.sh: packages of a Debian that need not be this machine's, without installing any
# of them.

# shellcheck shell=bash
DEBIAN_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# debian_mirrors: Debian mirrors as this machine's apt knows them, best first; other vendors' archives
# may be among them, which have no Release that Debian signed. Works before the first `apt-get update`,
# too.
debian_mirrors() {
  apt-get --print-uris update 2>/dev/null |
    sed -nE "s#^'(.*)/dists/[a-z]+/(In)?Release' .*#\1#p" |
    awk '/\/debian$/ { print 0, $0; next } { print 1, $0 }' | sort -u | cut -d ' ' -f 2-
}

# debian_mirror: the best of them.
debian_mirror() { debian_mirrors | sed -n 1p; }

# needs_debian NAME COMMAND..: skips the check NAME where Debian's packages cannot be had.
needs_debian() {
  local name="$1" machine mirror
  shift
  machine="$(uname -s)-$(uname -m)"
  if [ "$machine" != Linux-x86_64 ]; then
    skipped "$name" "its tools are Debian's for Linux-x86_64, and this is $machine"
  fi
  needs "$name" apt-get dpkg-deb "$@"
  if [ ! -r "$DEBIAN_KEYRING" ]; then skipped "$name" "there is no keyring of Debian's archive here"; fi
  mirror="$(debian_mirror)"
  if [ -z "$mirror" ]; then skipped "$name" "apt knows no Debian mirror here"; fi
}

# debian_apt FOLDER ARCHITECTURE SUITES MIRROR COMMAND..: an apt whose state is FOLDER, so that this
# machine's own packages stay as they are; what it downloads is in FOLDER/archives.
debian_apt() {
  local folder="$1" architecture="$2" suites="$3" mirror="$4" suite
  shift 4
  mkdir -p "$folder/state/lists/partial" "$folder/archives/partial"
  : >"$folder/status"
  for suite in $suites; do
    echo "deb [signed-by=$DEBIAN_KEYRING] $mirror $suite main"
  done >"$folder/sources.list"
  apt-get -q \
    -o "APT::Architecture=$architecture" -o "APT::Architectures::=$architecture" \
    -o APT::Install-Recommends=false -o APT::Sandbox::User= -o APT::Update::Error-Mode=any \
    -o Acquire::Languages=none -o Acquire::Retries=2 -o Acquire::Check-Valid-Until=false \
    -o "Dir::State=$folder/state" -o "Dir::State::status=$folder/status" \
    -o "Dir::Cache=$folder/cache" -o "Dir::Cache::archives=$folder/archives" \
    -o "Dir::Etc::sourcelist=$folder/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::Etc::preferencesparts=- -o Dir::Etc::preferences=- "$@"
}

# debian_download FOLDER ARCHITECTURE SUITE PACKAGE..: downloads packages, with all that they depend on,
# into FOLDER/archives, from the first mirror that has them.
debian_download() {
  local folder="$1" architecture="$2" suite="$3" mirror mirrors
  shift 3
  lines mirrors debian_mirrors
  for mirror in "${mirrors[@]}"; do
    if strictly debian_install "$folder" "$architecture" "$suite" "$mirror" "$@"; then return; fi
  done
  echo "Debian $suite ($architecture) cannot be downloaded"
  return 1
}

# debian_install FOLDER ARCHITECTURE SUITE MIRROR PACKAGE..
debian_install() {
  local apt=(debian_apt "${@:1:4}")
  "${apt[@]}" update
  "${apt[@]}" -y --download-only install "${@:5}"
}

# debian_unpack FOLDER INTO: unpacks what was downloaded.
debian_unpack() {
  local deb
  mkdir -p "$2"
  for deb in "$1"/archives/*.deb; do dpkg-deb -x "$deb" "$2"; done
}
