#!/usr/bin/env bash
# Ruby, to read the Podfile and the podspecs, which are Ruby programs.
#
#   ruby.sh ARGUMENTS..    runs this machine's Ruby; where there is none, Debian's, from a folder
#                          outside the repository. Where that cannot be had: says why, returns 3.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../../checks/debian.sh
. "$here/../../../checks/debian.sh"

if command -v ruby >/dev/null; then exec ruby "$@"; fi

unavailable() {
  printf '%s\n' "$*"
  exit 3
}

# make_ruby FOLDER: Debian 12's Ruby with every library that it needs.
make_ruby() {
  debian_download "$1/scratch" bookworm amd64 ruby3.1 || return 1
  local deb
  for deb in "$1"/scratch/archives/*.deb; do dpkg-deb -x "$deb" "$1" || return 1; done
  rm -rf "$1/scratch"
}

place=${EDGEKIT_TOOLCHAINS:-$HOME/.cache/edgekit/toolchains}/ruby-bookworm
if [ ! -d "$place" ]; then
  [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || unavailable "there is no Ruby here"
  for command in apt-get dpkg-deb flock; do
    command -v "$command" >/dev/null || unavailable "there is no Ruby here, and no $command"
  done
  mkdir -p "$(dirname "$place")"
  exec 9>"$place.lock"
  flock 9
  if [ ! -d "$place" ]; then
    rm -rf "$place.half"
    mkdir "$place.half"
    make_ruby "$place.half" >"$place.log" 2>&1 ||
      { rm -rf "$place.half" && unavailable "Ruby: $(tail -n 1 "$place.log")"; }
    mv "$place.half" "$place"
  fi
  exec 9>&-
fi
library=$place/usr/lib/x86_64-linux-gnu
export RUBYLIB=$place/usr/lib/ruby/3.1.0:$library/ruby/3.1.0
# Its own loader and C library: this machine's may be of another age.
exec "$place/lib64/ld-linux-x86-64.so.2" --library-path "$library:$place/lib/x86_64-linux-gnu" \
  "$place/usr/bin/ruby3.1" --disable-gems "$@"
