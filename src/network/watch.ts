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
 * Calls `look` after each change of the firewall, our own included.
 * @param legacy watch the legacy tables instead of nftables
 * @param look   resolves to whether all was as it should be
 */
export const watchFirewall = (native: Native, legacy: boolean, look: () => Promise<boolean>): Disposable =>
  legacy ? pollShapes(native, look) : watchNotifications(native, look);

function watchNotifications(native: Native, look: () => Promise<boolean>): Disposable {
  let timer: NodeJS.Timeout | undefined;
  let since = 0;
  const act = (): void => {
    since = 0;
    void look();
  };
  const handle = native.watchOpen(() => {
    const now = performance.now();
    since ||= now;
    clearTimeout(timer);
    timer = setTimeout(act, Math.max(0, Math.min(quietMs, since + patienceMs - now)));
  });
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      native.close(handle);
    },
  };
}

/** Two changes between two polls may give the same shape again, so only one that was found good is trusted. */
function pollShapes(native: Native, look: () => Promise<boolean>): Disposable {
  const shape = (): string => tables.map(([family, table]) => String(native.tableShape(family, table))).join(' ');
  let good: string | undefined;
  let looking = false;
  const poll = async (): Promise<void> => {
    const now = shape();
    if (looking || now === good) return;
    looking = true;
    good = (await look()) ? now : undefined;
    looking = false;
  };
  const interval = setInterval(() => void poll(), pollMs);
  return { [Symbol.dispose]: () => clearInterval(interval) };
}
