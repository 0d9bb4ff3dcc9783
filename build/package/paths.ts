/** paths — where the package is made, and the machines it is made for. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const dist = join(root, 'dist');
/** Intermediate files, kept between builds; nothing of it is shipped. */
export const work = join(root, '.cache/package');

/** @param arch as in `process.arch` and in the names of npm's Node packages; `file` as Docker names images. */
export type Target = { arch: 'x64' | 'arm64'; zig: string; strip: string; file: string };

/** glibc 2.28 is what Debian 10, the oldest system we run on, and Node 24 itself ask for. */
export const targets: readonly Target[] = [
  { arch: 'x64', zig: 'x86_64-linux-gnu.2.28', strip: 'x86_64-linux-gnu-strip', file: 'databox-linux-amd64' },
  { arch: 'arm64', zig: 'aarch64-linux-gnu.2.28', strip: 'aarch64-linux-gnu-strip', file: 'databox-linux-arm64v8' },
];
