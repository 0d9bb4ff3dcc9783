/** journal — what systemd's journal needs to tell an error from a remark. */
import { fstatSync } from 'node:fs';

/** syslog's priorities, by pino's levels: fatal is `crit`, as `emerg` and `alert` are the whole machine's. */
const priorities: readonly (readonly [from: number, priority: number])[] = [
  [60, 2],
  [50, 3],
  [40, 4],
  [30, 6],
];
const debug = 7;

/** `<3>` before a line gives it the priority `err`; the journal takes it off again. @param level as pino's numbers */
export const prefixOf = (level: number): string => `<${priorities.find(([from]) => level >= from)?.[1] ?? debug}>`;

/**
 * Whether what is written to a descriptor comes to the journal, and not to a file or a terminal that it was led to.
 * @param stream `$JOURNAL_STREAM`: `device:inode` of the journal's own socket
 */
export function isJournal(fd: number, stream: string | undefined): boolean {
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false; // closed: nobody reads it
  }
}
