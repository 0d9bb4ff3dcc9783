import { readdirSync, readlinkSync } from 'node:fs';

/** What this process has open, as Linux names it. One that is listed may be closed before it is looked at. */
export const openFiles = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
