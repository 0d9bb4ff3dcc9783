/** What a process holds, and how two programs are laid on the disk so that this can be compared. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** MB of 2^20 bytes, as the kernel counts them for one process. */
export type Held = {
  /** All that is mapped and present: what `ps` and `top` call RSS. */ total: number;
  /** Its own: heaps, stacks, what it changed. Nothing but the process's end gives this back. */ own: number;
  /** Pages of its files, mostly the program's: shared with the page cache, which drops them when memory is short. */
  files: number;
};

export function heldBy(pid: number): Held {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mb = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { total: mb('VmRSS'), own: mb('RssAnon'), files: mb('RssFile') };
}

/**
 * Copies a program, and lets the kernel forget what it holds of the copy.
 *
 * A kernel may map pages of a file in the pieces in which they came into memory. A binary that was just written in one
 * piece is mapped nearly whole, 28 MB more than the same bytes after a boot: both sides are read from the disk here, in
 * the same way, as after a boot.
 */
export function layOut(program: string, copy: string): string {
  execFileSync('cp', [program, copy]);
  execFileSync('sync', [copy]);
  execFileSync('dd', [`if=${copy}`, 'iflag=nocache', 'count=0', 'status=none']);
  return copy;
}
