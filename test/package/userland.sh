#!/bin/sh
# Runs a program below another system's root: userland.sh ROOT SHARED SHARED PROGRAM ARGUMENT…
# SHARED are folders that are there under their own paths. Mounts are this process's own and end with it.
set -eu
root=$1
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
for shared in "$2" "$3"; do
  mkdir -p "$root$shared"
  mount --bind "$shared" "$root$shared"
done
shift 3
exec chroot "$root" "$@"
