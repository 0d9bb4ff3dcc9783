/** debt — what was withdrawn in the tables but could not be carried out: tried again until it is. */
import type { Row } from './tables.ts';

/** Each attempt takes the firewall's lock and says in the log that it failed: they grow rarer. */
const firstMs = 4_000;
const mostMs = 60_000;

export type Debt = {
  /** Rows whose open flows may still be there; rules may be out of date also without any. */
  readonly rows: readonly Row[];
  readonly open: boolean;
  /** Whether it is time for another attempt. */
  due(): boolean;
  /** An attempt failed; this is owed now. */
  owe(rows: readonly Row[], err: unknown): void;
  settle(): void;
  /** Sentences for the owner. */
  problems(): string[];
};

/** @param now ms */
export function createDebt(now: () => number): Debt {
  let rows: readonly Row[] = [];
  let reason = '';
  let waitMs = 0;
  let dueAt = 0;
  return {
    get rows() {
      return rows;
    },
    get open() {
      return waitMs > 0;
    },
    due: () => waitMs > 0 && now() >= dueAt,
    owe(more, err) {
      rows = more;
      reason = err instanceof Error ? err.message : String(err);
      waitMs = Math.min(Math.max(firstMs, waitMs * 2), mostMs);
      dueAt = now() + waitMs;
    },
    settle() {
      rows = [];
      waitMs = 0;
    },
    problems() {
      if (waitMs === 0) return [];
      const pairs = [...new Set(rows.map(({ component, peer }) => `${component} to ${peer}`))];
      const what = pairs.length > 0 ? `connections of ${pairs.join(', ')} may still be open` : 'rules are out of date';
      return [`${what}: the kernel refused a change, which is tried again (${reason})`];
    },
  };
}
