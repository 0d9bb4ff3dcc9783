/** watch — notices that the firewall changed, whoever changed it. */
import type { Native } from './native.ts';

/** Many changes of one restore are one call; it comes this long after the last, and not later than `patienceMs`. */
const quietMs = 50;
const patienceMs = 500;
/** Legacy tables do not notify; asking for their shape is a system call per table, not a process. */
const pollMs = 200;
const tables = [
  [4, 'raw'],
  [4, 'mangle'],
  [4, 'nat'],
  [4, 'filter'],
  [6, 'raw'],
] as const;

/**
 * Calls `onChange` after each change of the firewall, our own included.
 * @param legacy watch the legacy tables instead of nftables
 */
export function watchFirewall(native: Native, legacy: boolean, onChange: () => void): Disposable {
  let timer: NodeJS.Timeout | undefined;
  let since = 0;
  const changed = (): void => {
    const now = Date.now();
    since ||= now;
    clearTimeout(timer);
    timer = setTimeout(
      () => {
        since = 0;
        onChange();
      },
      Math.max(0, Math.min(quietMs, since + patienceMs - now)),
    );
  };
  const stop = legacy ? pollShapes(native, changed) : watchNotifications(native, changed);
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      stop();
    },
  };
}

function watchNotifications(native: Native, changed: () => void): () => void {
  const handle = native.watchOpen(changed);
  return () => native.close(handle);
}

function pollShapes(native: Native, changed: () => void): () => void {
  const shape = (): string => tables.map(([family, table]) => String(native.tableShape(family, table))).join(' ');
  let before = shape();
  const interval = setInterval(() => {
    const now = shape();
    if (now !== before) changed();
    before = now;
  }, pollMs);
  return () => clearInterval(interval);
}
