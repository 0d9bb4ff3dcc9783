/** trim — keeps the ledger bounded. What is no longer listed leaves a line that counts it: nothing goes in silence. */
import type { LedgerEntry, ledgerStatements } from './sql.ts';

/** Lines of a component that the ledger lists: refused attempts, and exports that are over. */
const keptRefusals = 10_000;
const keptExports = 100_000;
/** So many go at once, and so many exports end between two looks: counting lines takes its time on a small machine. */
const atOnce = 1_000;
const looksEach = 100;

type Ledger = ReturnType<typeof ledgerStatements>;
/** @param now  ms since the Unix epoch */
export type Trim = { refusals(component: string, now: number): void; exports(component: string, now: number): void };

/** Both run inside the transaction of whoever calls. */
export function createTrim(ledger: Ledger): Trim {
  const ended = new Map<string, number>();
  return {
    refusals(component, now) {
      if ((ledger.refusals.get(component)?.rows ?? 0) > keptRefusals) {
        omit(ledger, ledger.oldRefusals(component, atOnce), now);
      }
    },
    exports(component, now) {
      const before = ended.get(component) ?? 0;
      ended.set(component, (before + 1) % looksEach);
      if (before > 0 || (ledger.exports.get(component)?.rows ?? 0) <= keptExports) return;
      omit(ledger, ledger.oldExports(component, atOnce), now);
    },
  };
}

/** What left is counted for its destination, with its bytes; what did not, for none. */
function omit(ledger: Ledger, lines: readonly LedgerEntry[], now: number): void {
  for (const { id, component, destination, status, bytes, at, count } of lines) {
    const left = status === 'answered' || status === 'unknown';
    const omitted = { component, destination: left ? destination : '', bytes: left ? bytes : 0, at, now, count };
    if (ledger.omitMore.run(omitted).changes === 0) ledger.omit.run(omitted);
    ledger.drop.run(id);
  }
}
