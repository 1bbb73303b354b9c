#!/usr/bin/env bash
# What the tests need beside `npm ci`: each command, and the Debian package that brings it.
# Nothing happens where all is present; otherwise apt-get installs it where we may, or we say how.
set -euo pipefail

missing=()

# need COMMAND PACKAGE
need() {
  command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing+=("$2")
}

need c++ g++
need cmake cmake
need make make
need redis-server redis-server
need redis-sentinel redis-sentinel
need nginx nginx-light
need haproxy haproxy
need chromium chromium

[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi

if command -v apt-get >/dev/null 2>&1 && { [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; }; then
  echo "tests need ${missing[*]}: installing" >&2
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"
else
  echo "tests need ${missing[*]}: run  sudo apt-get install -y ${missing[*]}" >&2
  exit 1
fi
