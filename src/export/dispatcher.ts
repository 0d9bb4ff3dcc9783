import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../base/log.ts';
import type { Queue } from './queue.ts';
import type { OnRecord } from './record.ts';
import type { Outcome } from './rules.ts';
import type { Send } from './sender.ts';
import type { Job } from './sql.ts';

/** Exports under way at once, of all components together. */
const atOnce = 8;
/** Pause before the file is tried again when it cannot be written (a full disk). */
const brokenPauseMs = 1_000;

type Parts = {
  queue: Queue;
  send: Send;
  record: OnRecord;
  log: Log;
  now: () => number;
  onChange: (job: Job) => void;
};
type Running = { destination: string; ends: AbortController; done: Promise<void> };

/**
 * Sends what is due: one export of a component at a time, the component that has waited longest for its turn first. So a
 * slow or dead destination delays its own app alone, as long as fewer than `atOnce` apps have one.
 */
export class Dispatcher implements AsyncDisposable {
  readonly #parts: Parts;
  readonly #running = new Map<string, Running>();
  /** When each component last had its turn, counted in turns. */
  readonly #turns = new Map<string, number>();
  #turn = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Something may be due. */
  wake(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    try {
      const pauseMs = this.#startDue();
      if (pauseMs !== undefined) this.#timer = setTimeout(() => this.wake(), Math.min(pauseMs, 60_000));
    } catch (err) {
      this.#parts.log.error({ err }, 'exports cannot be started, will retry');
      this.#timer = setTimeout(() => this.wake(), brokenPauseMs);
    }
  }

  /** Ends what this component has under way (to this destination, where given). */
  abort(component: string, destination: string | null): void {
    const under = this.#running.get(component);
    if (under && (destination === null || under.destination === destination)) under.ends.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const { ends } of this.#running.values()) ends.abort();
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  /** Starts what may start; returns the time until more is due, undefined when only an end or a submission can tell. */
  #startDue(): number | undefined {
    const { queue, now } = this.#parts;
    const idle = queue.components().filter(({ component }) => !this.#running.has(component));
    const order = idle.toSorted((a, b) => (this.#turns.get(a.component) ?? 0) - (this.#turns.get(b.component) ?? 0));
    const at = now();
    for (const { component } of order.filter(({ due }) => due <= at)) {
      if (this.#running.size >= atOnce) return undefined;
      const job = queue.oldestDue(component);
      if (job) this.#start(queue.begin(job));
    }
    const later = idle.map(({ due }) => due - at).filter((ms) => ms > 0);
    return later.length > 0 ? Math.min(...later) : undefined;
  }

  #start(job: Job): void {
    this.#turns.set(job.component, ++this.#turn);
    const ends = new AbortController();
    const done = attempt(this.#parts, job, ends.signal).finally(() => {
      this.#running.delete(job.component);
      this.wake();
    });
    this.#running.set(job.component, { destination: job.destination, ends, done });
    this.#parts.onChange(job);
  }
}

async function attempt(parts: Parts, job: Job, signal: AbortSignal): Promise<void> {
  const { destination, component, bytes } = job;
  const started = parts.now();
  const outcome = await sendOnRecord(parts, job, signal);
  if (await settle(parts, { job, outcome, signal })) await parts.record.ended(job, outcome);
  const facts = { component, destination, bytes, ms: parts.now() - started, outcome: outcome.kind };
  parts.log.info({ ...facts, ...(outcome.kind !== 'answered' && { reason: outcome.reason }) }, 'export attempted');
  parts.onChange(job);
}

/** What cannot be put on record does not leave; it is tried again, as what cannot be reached. */
async function sendOnRecord({ send, record, log }: Parts, job: Job, signal: AbortSignal): Promise<Outcome> {
  const { destination, data, key, component } = job;
  try {
    await record.leaving(job);
  } catch (err) {
    log.error({ err, component, destination }, 'an export cannot be put on record, and does not leave');
    return { kind: 'unreached', reason: 'the access ledger cannot be written' };
  }
  try {
    return await send({ destination, data: data ?? Buffer.alloc(0), key }, signal);
  } catch (err) {
    log.error({ err, component, destination }, 'export failed');
    return { kind: 'unknown', reason: 'an internal error' };
  }
}

type Result = { job: Job; outcome: Outcome; signal: AbortSignal };

/**
 * What happened must be written, or the ledger lies: tries until the file takes it. Whoever must end before that leaves
 * the job `Processing`, and the next start says `unknown`. Returns whether it is written.
 */
async function settle({ queue, log }: Parts, { job, outcome, signal }: Result): Promise<boolean> {
  for (let tries = 0; ; tries++) {
    try {
      queue.settle(job, outcome);
      return true;
    } catch (err) {
      if (tries === 0) log.error({ err, job: job.id }, 'the outcome of an export cannot be written, will retry');
      if (signal.aborted) return false;
      await sleep(brokenPauseMs);
    }
  }
}
