/** The export service's data model: jobs on their way, and the ledger of what left and what was refused. */
import { z } from 'zod';
import { Failure } from '../base/errors.ts';
import type { Sqlite } from '../base/sqlite.ts';

/**
 * `job.entry` is the ledger line of the attempt that runs or may be repeated; NULL when the next attempt begins a new
 * line, and when there will be none. `data` is dropped when a job is finished. `due` and all times are ms since the Unix epoch.
 */
export const migrations = [
  `CREATE TABLE ledger (
     id          INTEGER PRIMARY KEY AUTOINCREMENT,
     job         TEXT,
     component   TEXT NOT NULL,
     destination TEXT NOT NULL,
     address     TEXT,
     bytes       INTEGER NOT NULL,
     sha256      TEXT,
     at          INTEGER NOT NULL,
     ended       INTEGER,
     attempts    INTEGER NOT NULL,
     status      TEXT NOT NULL
       CHECK (status IN ('sending', 'waiting', 'answered', 'failed', 'unknown', 'refused', 'omitted')),
     answer      TEXT NOT NULL,
     count       INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX ledger_component ON ledger (component, at);
   CREATE TABLE job (
     seq         INTEGER PRIMARY KEY AUTOINCREMENT,
     id          TEXT NOT NULL UNIQUE,
     component   TEXT NOT NULL,
     destination TEXT NOT NULL,
     key         TEXT,
     bytes       INTEGER NOT NULL,
     sha256      TEXT NOT NULL,
     data        BLOB,
     state       TEXT NOT NULL CHECK (state IN ('Pending', 'Processing', 'Finished')),
     submitted   INTEGER NOT NULL,
     due         INTEGER NOT NULL,
     attempts    INTEGER NOT NULL DEFAULT 0,
     sends       INTEGER NOT NULL DEFAULT 0,
     entry       INTEGER REFERENCES ledger (id),
     finished    INTEGER,
     delivered   INTEGER NOT NULL DEFAULT 0,
     status      TEXT,
     body        TEXT,
     truncated   INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE UNIQUE INDEX job_key ON job (component, key) WHERE key IS NOT NULL;
   CREATE INDEX job_state ON job (state, component, due);`,
  // To count lines, and to see at once that no job needs one.
  `CREATE INDEX ledger_status ON ledger (component, status);
   CREATE INDEX job_entry ON job (entry);`,
];
/** Of the part's file; one that counts further is refused. */
export const exportVersion = migrations.length;

const JobRow = z.object({
  seq: z.int(),
  id: z.string(),
  component: z.string(),
  destination: z.string(),
  key: z.string().nullable(),
  bytes: z.int(),
  sha256: z.string(),
  data: z.instanceof(Buffer).nullable(),
  state: z.enum(['Pending', 'Processing', 'Finished']),
  submitted: z.int(),
  attempts: z.int(),
  sends: z.int(),
  entry: z.int().nullable(),
  delivered: z.int(),
  status: z.string().nullable(),
  body: z.string().nullable(),
  truncated: z.int(),
});
export type Job = z.infer<typeof JobRow>;

/** A line of the ledger, as its table holds it and as the owner's doors show it. */
export const LedgerEntryShape = z.strictObject({
  id: z.int(),
  job: z.string().nullable(),
  component: z.string(),
  destination: z.string(),
  address: z.string().nullable(),
  bytes: z.int(),
  sha256: z.string().nullable(),
  at: z.int(),
  ended: z.int().nullable(),
  attempts: z.int(),
  status: z.enum(['sending', 'waiting', 'answered', 'failed', 'unknown', 'refused', 'omitted']),
  answer: z.string(),
  count: z.int(),
});

/**
 * One line of what left, or was to leave. `bytes` and `sha256` are those of the data offered; `status` says whether it
 * left: `sending` now · `waiting` for another attempt, nothing left yet · `answered` by the destination, `answer` is its
 * status · `failed`, nothing left · `unknown`, it may have left · `refused`, `count` times, nothing left · `omitted`:
 * `count` older lines are no longer listed: sendings to `destination` with `bytes` in all, or without a destination those
 * of which nothing left. `address` is the one connected to; `at` (the intent) and `ended` are ms
 * since the Unix epoch.
 */
export type LedgerEntry = z.infer<typeof LedgerEntryShape>;

const rowsOf = <T>(rows: unknown[], row: z.ZodType<T>): T[] => {
  const parsed = z.array(row).safeParse(rows);
  if (parsed.success) return parsed.data;
  throw new Failure('database.damaged', 'the export database holds a row that Databox did not write');
};
const rowOf = <T>(row: unknown, is: z.ZodType<T>): T | undefined =>
  row === undefined ? undefined : rowsOf([row], is)[0];

/** Jobs. Prepared once, when the file opens. */
export function jobStatements(db: Sqlite) {
  const byId = db.prepare('SELECT * FROM job WHERE id = +? AND component = +?');
  const byKey = db.prepare('SELECT * FROM job WHERE component = +? AND key = +?');
  const oldestDue = db.prepare(
    `SELECT * FROM job WHERE state = 'Pending' AND component = +@component AND (due <= @now OR due > @late)
     ORDER BY seq LIMIT 1`,
  );
  const processing = db.prepare(`SELECT * FROM job WHERE state = 'Processing' LIMIT 10000`);
  return {
    byId: (id: string, component: string) => rowOf(byId.get(id, component), JobRow),
    byKey: (component: string, key: string) => rowOf(byKey.get(component, key), JobRow),
    oldestDue: (o: { component: string; now: number; late: number }) => rowOf(oldestDue.get(o), JobRow),
    processing: () => rowsOf(processing.all(), JobRow),
    add: db.prepare(
      `INSERT INTO job (id, component, destination, key, bytes, sha256, data, state, submitted, due)
       VALUES (@id, @component, @destination, @key, @bytes, @sha256, @data, 'Pending', @now, @now)`,
    ),
    waiting: db.prepare<[string], { jobs: number; bytes: number }>(
      `SELECT count(*) AS jobs, ifnull(sum(bytes), 0) AS bytes FROM job WHERE component = +? AND state <> 'Finished'`,
    ),
    components: db.prepare<{ late: number }, { component: string; due: number }>(
      `SELECT component, min(CASE WHEN due > @late THEN 0 ELSE due END) AS due FROM job WHERE state = 'Pending' GROUP BY component LIMIT 10000`,
    ),
    move: db.prepare<{ by: number }>(
      'UPDATE job SET submitted = submitted + @by, due = due + @by, finished = finished + @by',
    ),
    begin: db.prepare(`UPDATE job SET state = 'Processing', attempts = attempts + 1, entry = @entry WHERE id = @id`),
    postpone: db.prepare(`UPDATE job SET state = 'Pending', due = @due, sends = @sends, entry = @entry WHERE id = @id`),
    finish: db.prepare(
      `UPDATE job SET state = 'Finished', finished = @now, data = NULL, entry = NULL, status = @status, body = @body,
              truncated = @truncated WHERE id = @id`,
    ),
    delivered: db.prepare('UPDATE job SET delivered = 1 WHERE id = ?'),
    remove: db.prepare('DELETE FROM job WHERE id = +?'),
    forget: db.prepare(
      'DELETE FROM job WHERE component = +@component AND (@destination IS NULL OR destination = +@destination)',
    ),
    ...trims(db),
  };
}

/** What keeps finished jobs bounded, per component. */
const trims = (db: Sqlite) => ({
  trimBodies: db.prepare(
    `UPDATE job SET body = NULL WHERE component = @component AND key IS NOT NULL AND body IS NOT NULL AND seq IN
       (SELECT seq FROM job WHERE component = +@component AND state = 'Finished' ORDER BY seq DESC LIMIT -1 OFFSET +@kept)`,
  ),
  trimAnswers: db.prepare(
    `DELETE FROM job WHERE component = +@component AND key IS NULL AND seq IN
       (SELECT seq FROM job WHERE component = +@component AND state = 'Finished' ORDER BY seq DESC LIMIT -1 OFFSET +@kept)`,
  ),
  trimKeys: db.prepare(
    `DELETE FROM job WHERE component = +@component AND state = 'Finished' AND (finished < @before OR seq IN
       (SELECT seq FROM job WHERE component = +@component AND state = 'Finished' ORDER BY seq DESC
        LIMIT -1 OFFSET +@keptKeys))`,
  ),
});

/** The ledger. Prepared once, when the file opens. */
export function ledgerStatements(db: Sqlite) {
  const list = db.prepare(
    `SELECT * FROM ledger WHERE (@component IS NULL OR component = +@component) AND (at >= @since OR (status = 'omitted' AND ended >= @since))
     ORDER BY id DESC LIMIT +@limit`,
  );
  return {
    list: (o: { component: string | null; since: number; limit: number }) => rowsOf(list.all(o), LedgerEntryShape),
    intend: db.prepare(
      `INSERT INTO ledger (job, component, destination, bytes, sha256, at, attempts, status, answer, count)
       VALUES (@id, @component, @destination, @bytes, @sha256, @now, 1, 'sending', '', 1)`,
    ),
    again: db.prepare(`UPDATE ledger SET status = 'sending', attempts = attempts + 1 WHERE id = ?`),
    end: db.prepare(
      'UPDATE ledger SET status = @status, answer = @answer, address = @address, ended = @now WHERE id = @entry',
    ),
    interrupt: db.prepare(
      `UPDATE ledger SET status = 'unknown', answer = @answer, ended = @now WHERE status = 'sending'`,
    ),
    withdraw: db.prepare(
      `UPDATE ledger SET status = 'failed', answer = @answer, ended = @now WHERE status = 'waiting' AND id IN
         (SELECT entry FROM job WHERE component = +@component AND (@destination IS NULL OR destination = +@destination))`,
    ),
    ...refusals(db),
  };
}

/** Attempts that never became a job, and what keeps the ledger bounded. */
const refusals = (db: Sqlite) => ({
  refuse: db.prepare(
    `INSERT INTO ledger (component, destination, bytes, sha256, at, ended, attempts, status, answer, count)
       VALUES (@component, @destination, @bytes, @sha256, @now, @now, 0, 'refused', @answer, @count)`,
  ),
  refusals: db.prepare<[string], { rows: number }>(
    `SELECT count(*) AS rows FROM ledger WHERE component = +? AND status = 'refused'`,
  ),
  exports: db.prepare<[string], { rows: number }>(
    `SELECT count(*) AS rows FROM ledger WHERE component = +? AND status IN ('answered', 'unknown', 'failed')`,
  ),
  ...oldest(db),
  drop: db.prepare('DELETE FROM ledger WHERE id = +?'),
  omitMore: db.prepare(
    `UPDATE ledger SET count = count + @count, bytes = bytes + @bytes, at = min(at, @at), ended = @now
       WHERE component = +@component AND status = 'omitted' AND destination = +@destination`,
  ),
  omit: db.prepare(
    `INSERT INTO ledger (component, destination, bytes, at, ended, attempts, status, answer, count)
       VALUES (@component, @destination, @bytes, @at, @now, 0, 'omitted', '', @count)`,
  ),
});

/** Of one component: whether lines were dropped for age, and the oldest that are kept of each sort. */
export type Kept = { omitted: number; over: number | null; refused: number | null };

function oldest(db: Sqlite) {
  const line = db.prepare('SELECT * FROM ledger WHERE id = +? AND component = +?');
  const refused = db.prepare<[string, number]>(
    `SELECT * FROM ledger WHERE component = +? AND status = 'refused' ORDER BY id LIMIT +?`,
  );
  const over = db.prepare<[string, number]>(
    `SELECT * FROM ledger WHERE component = +? AND status IN ('answered', 'unknown', 'failed') ORDER BY id LIMIT +?`,
  );
  return {
    line: (id: number, component: string) => rowOf(line.get(id, component), LedgerEntryShape),
    kept: db.prepare<[string], Kept>(
      `SELECT count(*) FILTER (WHERE status = 'omitted') AS omitted,
              min(id) FILTER (WHERE status IN ('answered', 'unknown', 'failed')) AS over,
              min(id) FILTER (WHERE status = 'refused') AS refused
         FROM ledger WHERE component = +?`,
    ),
    oldRefusals: (component: string, most: number) => rowsOf(refused.all(component, most), LedgerEntryShape),
    oldExports: (component: string, most: number) => rowsOf(over.all(component, most), LedgerEntryShape),
  };
}
