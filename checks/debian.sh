# Sourced: packages of a Debian that need not be this machine's, without installing any of them.

# shellcheck shell=bash
readonly debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# Debian mirrors as this machine's apt knows them, best first; other vendors' archives may be among
# them, which have no Release that Debian signed. Works before the first `apt-get update`, too.
debian_mirrors() {
  apt-get --print-uris update 2>/dev/null |
    sed -nE "s#^'(.*)/dists/[a-z]+/(In)?Release' .*#\1#p" |
    awk '/\/debian$/ { print 0, $0; next } { print 1, $0 }' | sort -u | cut -d ' ' -f 2-
}

# debian_download FOLDER SUITE ARCHITECTURE PACKAGE..: downloads packages, with all that they depend on, into
# FOLDER/archives, by an apt whose state is FOLDER: this machine's own packages stay as they are.
debian_download() {
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
    echo "deb [signed-by=$debian_keyring] $mirror $suite main" >"$folder/sources.list"
    if apt-get "${options[@]}" -q update &&
      apt-get "${options[@]}" -q -y --download-only install "$@"; then
      return 0
    fi
  done < <(debian_mirrors)
  echo "Debian $suite ($architecture) cannot be downloaded"
  return 1
}
