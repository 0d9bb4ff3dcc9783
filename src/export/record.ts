/** record — what the access ledger is told of exports: each sending before its first byte, and how it ended. */
import type { OnRefused } from '../base/refusals.ts';
import type { Outcome } from './rules.ts';
import type { Job } from './sql.ts';

export type ExportLedger = {
  /** Resolves when the entry is on disk. @throws Failure `ledger.unavailable`: then nothing may leave */
  record(entry: {
    kind: 'export' | 'exported';
    component: string;
    target: 'export-service';
    /** The destination. */
    path: string;
    /** `line`: number of the line of the export ledger. */
    facts: Readonly<Record<string, unknown>> & { line: number | null };
  }): Promise<void>;
  refused: OnRefused;
};

export type OnRecord = {
  /** @throws Failure `ledger.unavailable` */
  leaving(job: Job): Promise<void>;
  /** Never fails: it has left, or not, whatever is written of it. */
  ended(job: Job, outcome: Outcome): Promise<void>;
};

export function recordOf(ledger: ExportLedger | undefined): OnRecord {
  const about = ({ component, destination: path }: Job) => ({ component, target: 'export-service' as const, path });
  return {
    async leaving(job) {
      const { bytes, sha256, entry: line } = job;
      await ledger?.record({ kind: 'export', ...about(job), facts: { line, bytes, sha256 } });
    },
    async ended(job, outcome) {
      const answer = outcome.kind === 'answered' ? outcome.status : outcome.reason;
      const { kind: status, address = null } = outcome;
      const facts = { line: job.entry, status, answer, address };
      // The ledger itself tells the owner that it cannot be written.
      await ledger?.record({ kind: 'exported', ...about(job), facts }).catch(() => {});
    },
  };
}
