#!/usr/bin/env bash
exec "$(dirname "${BASH_SOURCE[0]}")/../../checks/check_arm64.sh" "$@"
