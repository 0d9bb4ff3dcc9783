/** memory — gives back what only the start needed. */
import { setTimeout as sleep } from 'node:timers/promises';

/** After the start, when what came with it is done: a collection takes some 40 ms, in which nobody is answered. */
const settleMs = 3_000;

/**
 * Collects this thread's garbage once, `afterMs` from now. V8 collects when memory is asked for: a box that starts and
 * then waits would keep the garbage of its start, a quarter of all that it holds, for hours.
 */
export async function settle(signal: AbortSignal, afterMs = settleMs): Promise<void> {
  try {
    await sleep(afterMs, undefined, { signal, ref: false });
  } catch {
    return; // stopped before
  }
  // Asked for now, not at the top: a command that is over in a moment has no use for them.
  const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([import('node:v8'), import('node:vm')]);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (how: { type: 'major'; flavor: 'last-resort' }) => void;
  setFlagsFromString('--no-expose-gc');
  // The last resort also shrinks the young generation and drops compiled code that has not run of late.
  collect({ type: 'major', flavor: 'last-resort' });
}
