# Sourced by check_project.sh after toolchain.sh: Ruby, to read the Podfile and the podspecs, which are
# Ruby programs.

# shellcheck shell=bash

# make_ruby FOLDER: Debian 12's Ruby with every library that it needs.
make_ruby() {
  debian_download "$1/scratch" amd64 bookworm ruby3.1
  debian_unpack "$1/scratch" "$1"
  rm -rf "$1/scratch"
}

# find_ruby NAME: sets RUBY to this machine's Ruby, or to the folder of Debian's, or skips the check
# NAME.
find_ruby() {
  RUBY="$(type -P ruby)" || RUBY=""
  if [ -n "$RUBY" ]; then return; fi
  if [ ! -d "$TOOLCHAINS/ruby-bookworm" ]; then needs_debian "$1"; fi
  RUBY="$(toolchain ruby-bookworm make_ruby)" || skipped "$1" "Ruby: $(reason ruby-bookworm)"
}

# ruby ARGUMENTS..
ruby() {
  if [ ! -d "$RUBY" ]; then
    "$RUBY" "$@"
    return
  fi
  local library="$RUBY/usr/lib/x86_64-linux-gnu"
  # Its own loader and C library: this machine's may be of another age.
  RUBYLIB="$RUBY/usr/lib/ruby/3.1.0:$library/ruby/3.1.0" \
    "$RUBY/lib64/ld-linux-x86-64.so.2" --library-path "$library:$RUBY/lib/x86_64-linux-gnu" \
    "$RUBY/usr/bin/ruby3.1" --disable-gems "$@"
}
