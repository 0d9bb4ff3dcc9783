/**
 * How long a store's next transaction waits, so that those who were just answered take part in it with their next change.
 * Else clients who wait for their answers fall into two groups, of which one comes back while the other is being committed,
 * and a slow disk has twice the work. Pure: it is told what happens, and the time.
 */

/** A quicker disk has committed again before anybody is back, or a timer fires. */
const slowMs = 2;
/** Of what a commit takes: when nobody came for so long, nobody is coming. */
const quiet = 1 / 4;
/** Transactions, at most, that begin at once after some of those who were waited for did not come. */
const mostHasty = 63;

export type Gathering = {
  /**
   * Changes are on disk, and about to be answered.
   * @param syncMs  what the commit itself took
   * @returns       whether the disk is slow: then the others are to be called
   */
  committed(changes: number, syncMs: number): boolean;
  /** They are answered. @param others  changes that came meanwhile, of clients who are not among the answered */
  answered(others: number, now: number): void;
  /** @returns ms to wait for more than these changes, unless one comes; 0: begin */
  waitMs(changes: number, now: number): number;
};

export function createGathering(): Gathering {
  let last = { changes: 0, syncMs: 0, answeredAt: -Infinity };
  let [commitMs, expected, waited] = [0, 0, false];
  let hasty = { for: 0, left: 0 };
  /** Clients who do something else than write are not waited for each time. */
  const learn = (came: number): void => {
    if (!waited) return void hasty.left--;
    const rounds = came >= expected ? 0 : Math.min(mostHasty, hasty.for * 2 + 1);
    hasty = { for: rounds, left: rounds };
    waited = false;
  };
  return {
    committed(changes, syncMs) {
      learn(changes);
      // Slow once is no slow disk: it was a checkpoint, or other work.
      commitMs = Math.min(syncMs, last.syncMs);
      last = { changes, syncMs, answeredAt: -Infinity };
      return commitMs >= slowMs;
    },
    answered(others, now) {
      last.answeredAt = now;
      expected = last.changes + others;
    },
    waitMs(changes, now) {
      if (changes === 0 || changes >= expected || hasty.left > 0) return 0;
      // Who takes longer than a commit may as well be in the one after.
      const ms = Math.max(0, Math.min(commitMs * quiet, last.answeredAt + commitMs - now));
      waited ||= ms > 0;
      return ms;
    },
  };
}
