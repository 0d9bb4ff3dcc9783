import type { Config } from '../base/config.ts';
import { Failure } from '../base/errors.ts';
import type { Handler } from '../base/listen.ts';
import type { Log } from '../base/log.ts';
import { createLimiter } from '../base/rate.ts';
import { Dispatcher } from './dispatcher.ts';
import { openQueue, type Queue } from './queue.ts';
import { recordOf, type ExportLedger } from './record.ts';
import { routes, type AuthoriseExport } from './routes.ts';
import { bounds, type Bounds } from './rules.ts';
import { createSender } from './sender.ts';
import type { LedgerEntry } from './sql.ts';
import { createWaiting } from './waiting.ts';

export type ExportOptions = {
  /** Reads `export.*`, `network.public-ranges` and `network.upstream`. */
  config: Config;
  /** SQLite file. */
  file: string;
  /** Says whose token this is; throws Failure `token.forbidden` with details `{ component }` when it is not for this. */
  authorise: AuthoriseExport;
  /** Is told what leaves, and what was refused; absent: nobody is. */
  ledger?: ExportLedger;
  log: Log;
  /** Ends sending and long polls at once. */
  signal: AbortSignal;
  /** Of retries; default as docs/export.md states. */
  limits?: Partial<Bounds>;
  /** ms since the Unix epoch. */
  now?: () => number;
  /** ms of a clock that only moves on. */
  steady?: () => number;
};

export type Outbox = AsyncDisposable & {
  /** REST, to be served at `https://export-service:8080`. */
  handler: Handler;
  /** What left and what was refused, newest first. `since` in ms, inclusive; `limit` default 100, at most 10,000. */
  ledger(filter?: { component?: string; since?: number; limit?: number }): LedgerEntry[];
  /** One line of it; null when it was dropped for age, undefined when it is not there. */
  line(id: number, component: string): LedgerEntry | null | undefined;
  /**
   * Drops a component's waiting exports, its answers and its idempotency keys, and ends the one under way; of one
   * destination, where given (as the grant spells it). The ledger stays.
   * @throws Failure `database.unavailable`: what is under way ended, and what waits is dropped before anything is sent
   */
  forget(component: string, destination?: string): void;
  /** What is wrong with its file, as sentences for the owner. */
  problems(): string[];
};

/** Submissions of one component, and its refused attempts that get a ledger line of their own. */
const submitRate = { burst: 100, perSecond: 10 };
const refuseRate = { burst: 60, perSecond: 1 };

/**
 * Starts sending what waits: jobs that were pending continue; those that were processing may have arrived, and are sent
 * again only with the app's idempotency key.
 * @throws Failure `config.invalid`, `database.newer`, `database.damaged`
 */
export function startExport(options: ExportOptions): Outbox {
  const { config, file, log, signal, now = Date.now, steady = () => performance.now() } = options;
  const send = createSender(config);
  const queue = openQueue({
    file,
    jobLimit: config['export.queue-limit'],
    ...{ now, steady, log },
    limits: { ...bounds, ...options.limits },
  });
  const waiting = createWaiting();
  const record = recordOf(options.ledger);
  const dispatcher = new Dispatcher({ queue, send, record, log, now, onChange: (job) => waiting.notify(job.id) });
  // The file stays open until disposal: whoever still holds the handler gets true answers.
  const halt = async (): Promise<void> => {
    waiting.end();
    await dispatcher[Symbol.asyncDispose]();
  };
  signal.addEventListener('abort', () => void halt(), { once: true });
  if (signal.aborted) void halt();
  else dispatcher.wake();
  return {
    handler: routes({
      ...doors(queue, () => dispatcher.wake()),
      authorise: options.authorise,
      changed: waiting.changed,
      onRefused: options.ledger?.refused,
      log,
    }),
    ledger: (filter = {}) => queue.ledger(filter),
    line: queue.line,
    problems: queue.problems,
    forget(component, destination) {
      // What is under way ends, also when the disk does not take the rest.
      dispatcher.abort(component, destination ?? null);
      queue.forget(component, destination ?? null);
    },
    async [Symbol.asyncDispose]() {
      await halt();
      queue[Symbol.dispose]();
    },
  };
}

/** What the routes may do, within each component's rate. */
function doors(queue: Queue, wake: () => void) {
  const [submitted, refused] = [createLimiter(submitRate), createLimiter(refuseRate)];
  const unlisted = new Map<string, number>();
  return {
    find: queue.find,
    delivered: queue.delivered,
    submit(submission: Parameters<Queue['submit']>[0]) {
      const retryAfterSeconds = submitted.take(submission.component);
      if (retryAfterSeconds > 0) throw new Failure('rate.exceeded', 'too many exports at once', { retryAfterSeconds });
      const job = queue.submit(submission);
      wake();
      return job;
    },
    refuse(refusal: Omit<Parameters<Queue['refuse']>[0], 'count'>) {
      const { component } = refusal;
      const retryAfterSeconds = refused.take(component);
      if (retryAfterSeconds > 0) {
        // Counted, and listed with the next one: a line each would let an app fill the disk.
        unlisted.set(component, (unlisted.get(component) ?? 0) + 1);
        throw new Failure('rate.exceeded', 'too many refused exports', { retryAfterSeconds });
      }
      queue.refuse({ ...refusal, count: 1 + (unlisted.get(component) ?? 0) });
      unlisted.delete(component);
    },
  };
}
