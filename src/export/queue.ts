import { createHash, randomUUID } from 'node:crypto';
import { createChanges, type Changes } from '../base/changes.ts';
import { Failure } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { openDatabase } from '../base/sqlite.ts';
import { createDrift, type Clocks } from './drift.ts';
import { interrupted, verdict, type Bounds, type Outcome } from './rules.ts';
import { jobStatements, ledgerStatements, migrations, type Job, type LedgerEntry } from './sql.ts';
import { createTrim, type Trim } from './trim.ts';

/** Bytes that one component may have waiting. */
const waitingLimitBytes = 64 * 1024 * 1024;
/** Finished jobs of a component whose answers are kept until the app takes them. */
const keptAnswers = 64;
/** Finished jobs of a component whose idempotency keys are remembered, and for how long. */
const keptKeys = 10_000;
const keptMs = 24 * 3_600_000;

export type Submission = { component: string; destination: string; data: Buffer; key: string | null };
export type Refusal = Omit<Submission, 'key'> & { reason: string; count: number };
type Options = Clocks & { file: string; jobLimit: number; limits: Bounds; log: Log };

type Desk = {
  jobs: ReturnType<typeof jobStatements>;
  ledger: ReturnType<typeof ledgerStatements>;
  omit: Trim;
  now: () => number;
  jobLimit: number;
  limits: Bounds;
};

/**
 * Jobs and ledger in one file, so that the intent to send and the state of the job commit together. What was processing
 * when the last process ended is settled while opening: it may have arrived.
 *
 * Times of jobs are the clock's, and are moved along when it is set: so they are measured by one that only moves on as long
 * as the process lives. What passed between two processes only the clock can tell.
 */
export function openQueue({ file, jobLimit, now, steady, limits, log }: Options) {
  const db = openDatabase(file, migrations);
  const [jobs, ledger] = [jobStatements(db), ledgerStatements(db)];
  const desk: Desk = { jobs, ledger, omit: createTrim(ledger), now, jobLimit, limits };
  const changes = createChanges(db, { what: 'exports', log });
  const follow = follower(changes, jobs, { now, steady });
  const commit = <T>(work: () => T): T => {
    follow();
    return changes.commit(work);
  };
  commit(() => {
    for (const job of jobs.processing()) settle(desk, job, { kind: 'unknown', reason: interrupted });
    ledger.interrupt.run({ now: now(), answer: interrupted });
  });
  return {
    ...questions(desk, changes, follow),
    submit: (submission: Submission): Job => commit(() => submit(desk, submission)),
    /** Commits the intent to send before anything is sent. */
    begin: (job: Job): Job => commit(() => begin(desk, job)),
    /** Commits what became of it. */
    settle: (job: Job, outcome: Outcome): void => commit(() => settle(desk, job, outcome)),
    delivered: ({ id, key }: Job): void => void commit(() => (key === null ? jobs.remove : jobs.delivered).run(id)),
    refuse: (refusal: Refusal): void => commit(() => refuse(desk, refusal)),
    /** What cannot be written is done before anything else is, and nothing of it is sent before. */
    forget: (component: string, destination: string | null): void =>
      changes.take(() => {
        ledger.withdraw.run({ component, destination, now: now(), answer: 'withdrawn before it was sent' });
        jobs.forget.run({ component, destination });
      }),
    problems: changes.problems,
    [Symbol.dispose]: () => void db.close(),
  };
}
export type Queue = ReturnType<typeof openQueue>;

function questions(desk: Desk, { read, settle: withdraw }: Changes, follow: () => void) {
  const { jobs, ledger, now } = desk;
  return {
    /** Without `id`'s row or for another component: undefined, after the same single look. */
    find: (id: string, component: string): Job | undefined => read(() => jobs.byId(id, component)),
    /** Components with something pending, and the ms at which the first of it is due. */
    components() {
      withdraw();
      follow();
      return read(() => jobs.components.all(late(desk)));
    },
    oldestDue: (component: string): Job | undefined =>
      read(() => jobs.oldestDue({ component, now: now(), ...late(desk) })),
    ledger: (o: { component?: string; since?: number; limit?: number }): LedgerEntry[] =>
      read(() =>
        ledger.list({ component: o.component ?? null, since: o.since ?? 0, limit: Math.min(o.limit ?? 100, 10_000) }),
      ),
    line: (id: number, component: string) => read(() => lineOf(desk, id, component)),
  };
}

/** Moves what waits along with the clock, when that was set. */
function follower(changes: Changes, jobs: Desk['jobs'], clocks: Clocks): () => void {
  const drift = createDrift(clocks);
  return () => {
    const by = drift.by();
    if (by === 0) return;
    changes.commit(() => jobs.move.run({ by }));
    drift.followed(by);
  };
}

/** @returns null for one that may have been dropped for age: older than all that are kept of its sort */
function lineOf({ ledger }: Desk, id: number, component: string): LedgerEntry | null | undefined {
  const line = ledger.line(id, component);
  if (line) return line;
  const { omitted = 0, over = null, refused = null } = ledger.kept.get(component) ?? {};
  return omitted > 0 && [over, refused].some((oldest) => oldest !== null && id < oldest) ? null : undefined;
}

/** @throws Failure `export.full`, `export.conflict` */
function submit({ jobs, now, jobLimit }: Desk, o: Submission): Job {
  const sha256 = createHash('sha256').update(o.data).digest('hex');
  const earlier = o.key === null ? undefined : jobs.byKey(o.component, o.key);
  if (earlier) {
    if (earlier.destination === o.destination && earlier.sha256 === sha256) return earlier;
    throw new Failure('export.conflict', 'this idempotency key was used for another destination or other data');
  }
  const waiting = jobs.waiting.get(o.component) ?? { jobs: 0, bytes: 0 };
  if (waiting.jobs >= jobLimit || waiting.bytes + o.data.length > waitingLimitBytes) {
    const facts = { waiting: waiting.jobs, retryAfterSeconds: 10 };
    throw new Failure('export.full', `${waiting.jobs} exports are waiting already; try again later`, facts);
  }
  const id = randomUUID();
  jobs.add.run({ ...o, id, sha256, bytes: o.data.length, now: now() });
  const job = jobs.byId(id, o.component);
  if (!job) throw new Failure('internal', 'an export was written but cannot be read');
  return job;
}

function begin({ jobs, ledger, now }: Desk, job: Job): Job {
  const { id, component, destination, bytes, sha256 } = job;
  if (job.entry !== null) ledger.again.run(job.entry);
  const intent = { id, component, destination, bytes, sha256, now: now() };
  const entry = job.entry ?? Number(ledger.intend.run(intent).lastInsertRowid);
  jobs.begin.run({ id, entry });
  return { ...job, state: 'Processing', attempts: job.attempts + 1, entry };
}

function settle({ jobs, ledger, omit, now, limits }: Desk, job: Job, outcome: Outcome): void {
  const at = now();
  // A job that was withdrawn while it was under way is not tried again; the times of the others may have been moved.
  const row = jobs.byId(job.id, job.component);
  const next = verdict(row ?? job, outcome, { now: at, limits: row ? limits : { ...limits, windowMs: 0 } });
  const unreached = next.do === 'repeat' ? 'waiting' : 'failed';
  const status = outcome.kind === 'unreached' ? unreached : outcome.kind;
  const answer = outcome.kind === 'answered' ? outcome.status : outcome.reason;
  ledger.end.run({ entry: job.entry, status, answer, address: outcome.address ?? null, now: at });
  if (next.do === 'finish') {
    jobs.finish.run({ id: job.id, now: at, status: next.status, body: next.body, truncated: Number(next.truncated) });
    omit.refusals(job.component, at);
    omit.exports(job.component, at);
    return trim(jobs, job.component, at);
  }
  // What is sent again after it may have arrived gets a line of its own: it may leave twice.
  const again =
    outcome.kind === 'unknown' ? { sends: job.sends + 1, entry: null } : { sends: job.sends, entry: job.entry };
  jobs.postpone.run({ id: job.id, due: next.due, ...again });
}

/** No pause is this long: a job that is due later was postponed before the clock was set back, between two processes. */
const late = ({ now, limits }: Desk): { late: number } => ({ late: now() + limits.longestPauseMs });

function trim(jobs: Desk['jobs'], component: string, now: number): void {
  jobs.trimAnswers.run({ component, kept: keptAnswers });
  jobs.trimBodies.run({ component, kept: keptAnswers });
  jobs.trimKeys.run({ component, before: now - keptMs, keptKeys });
}

function refuse({ ledger, omit, now }: Desk, { component, destination, data, reason, count }: Refusal): void {
  const sha256 = createHash('sha256').update(data).digest('hex');
  ledger.refuse.run({ component, destination, bytes: data.length, sha256, now: now(), answer: reason, count });
  omit.refusals(component, now());
}
