/** When the writer thread commits: what came in one turn of the event loop is one round, and on a slow disk others may join. */
import type { Gathering } from './gathering.ts';
import type { Change, Outcome } from './protocol.ts';

export type Waiting = { changes: Change[]; settle: (outcomes: Outcome[]) => void };
export type Round = {
  /** Tells everybody whose changes were in it. */
  answer: () => void;
  /** Stores in it whose disk is slow. */
  slow: { store: string; gathering: Pick<Gathering, 'answered' | 'waitMs'> }[];
};

export class Rounds {
  private readonly commit: (batch: Waiting[]) => Round;
  private waiting: Waiting[] = [];
  /** On disk, and not answered yet. */
  private committed: Round | undefined;
  private slow: Round['slow'] = [];
  private turn: NodeJS.Immediate | undefined;
  private patience: NodeJS.Timeout | undefined;

  /** @param commit  puts all of it on disk */
  constructor(commit: (batch: Waiting[]) => Round) {
    this.commit = commit;
  }

  add(one: Waiting): void {
    this.waiting.push(one);
    this.goOnSoon();
  }

  /** Commits and answers at once all that waits. */
  finish(): void {
    this.answer();
    if (this.waiting.length > 0) this.run();
    this.answer();
  }

  /** Messages that queued up while a commit waited for the disk are all delivered before setImmediate fires. */
  private goOnSoon(): void {
    this.turn ??= setImmediate(() => {
      this.turn = undefined;
      this.goOn();
    });
  }

  private goOn(): void {
    if (this.committed) {
      this.answer();
      // The answers are sent when this returns: the next commit must not keep them.
      this.goOnSoon();
    } else if (this.waiting.length > 0) this.begin();
  }

  private begin(): void {
    clearTimeout(this.patience);
    const now = performance.now();
    const waits = this.slow.map(({ store, gathering }) => gathering.waitMs(this.changesOf(store), now));
    const ms = Math.max(0, ...waits);
    if (ms === 0) return this.run();
    this.patience = setTimeout(() => {
      this.slow = [];
      this.goOnSoon();
    }, ms);
  }

  private run(): void {
    clearTimeout(this.patience);
    const batch = this.waiting;
    this.waiting = [];
    this.committed = this.commit(batch);
    this.slow = this.committed.slow;
    // Not before what came meanwhile is counted: whoever is answered may be back in an instant.
    if (this.slow.length > 0) this.goOnSoon();
    else this.answer();
  }

  private answer(): void {
    const round = this.committed;
    if (!round) return;
    this.committed = undefined;
    const now = performance.now();
    for (const { store, gathering } of round.slow) gathering.answered(this.changesOf(store), now);
    round.answer();
  }

  private changesOf(name: string): number {
    return this.waiting.reduce((sum, { changes }) => sum + changes.filter(({ store }) => store === name).length, 0);
  }
}
