#!/usr/bin/env bash
# The oldest Debian that can still be fetched, unpacked but not set up: libraries of its day, for one processor, below
# .cache/userland/<architecture>, with this machine's emulator where it needs one.
#   scripts/lib/userland.sh ARCHITECTURE     as dpkg names it: amd64, arm64
set -euo pipefail
cd "$(dirname "$0")/../.."
arch=$1
root=$PWD/.cache/userland/$arch
[ ! -e "$root/complete" ] || exit 0
rm -rf "$root"
mkdir -p "$root"
# The first stage runs nothing of what it unpacks, so that it is the same for either processor.
debootstrap --foreign --variant=minbase --arch="$arch" --include=libstdc++6 bullseye "$root"
rm -rf "$root/debootstrap" "$root"/var/cache/apt/archives/*.deb
if [ "$arch" != "$(dpkg --print-architecture)" ]; then
  case $arch in arm64) emulator=qemu-aarch64-static ;; *) emulator=qemu-x86_64-static ;; esac
  install -m 755 "$(command -v $emulator)" "$root/$emulator"
fi
# It leaves a link to this machine's, for the stage that follows.
rm -f "$root/proc"
mkdir -p "$root/proc"
touch "$root/complete"
