/**
 * changes — of a database of the box, on a disk that may fail: each is made whole or refused in words. What the disk says
 * is told in the journal once, and to the owner for as long as it lasts.
 */
import { Failure } from './errors.ts';
import type { Log } from './log.ts';
import type { Sqlite } from './sqlite.ts';

export type Changes = {
  /** @throws Failure `database.unavailable` for what the disk or the file says */
  readonly read: <T>(work: () => T) => T;
  /** In one transaction, on disk when this returns. @throws Failure `database.unavailable`: nothing was changed */
  readonly commit: <T>(work: () => T) => T;
  /**
   * The same, of what takes something away: where it cannot be written it is owed, and made before the next change. So
   * nobody gets back what was taken because the disk works again. It must be one that can be made twice.
   */
  readonly take: <T>(work: () => T) => T;
  /** Makes what is owed. @throws Failure `database.unavailable` */
  readonly settle: () => void;
  /** Sentences for the owner. */
  readonly problems: () => string[];
};

/** What SQLite says, by the beginning of its code; a defect is none of these. */
const sentences: [code: string, sentence: string][] = [
  ['SQLITE_FULL', 'the disk is full'],
  ['SQLITE_IOERR', 'the disk reported an error'],
  ['SQLITE_READONLY', 'the disk is read-only'],
  ['SQLITE_CORRUPT', 'the file is damaged'],
  ['SQLITE_NOTADB', 'the file is not a database'],
  ['SQLITE_CANTOPEN', 'the file cannot be opened'],
  ['SQLITE_BUSY', 'another program holds the file'],
];

const verbs = { read: 'cannot be read', written: 'cannot be written' };
type Kind = keyof typeof verbs;

/** @param what  is in it, as the owner calls it: `permissions` */
export function createChanges(db: Sqlite, { what, log }: { what: string; log: Log }): Changes {
  const faults = new Map<Kind, { sentence: string; at: number }>();
  let owed: (() => unknown)[] = [];
  const watched = <T>(kind: Kind, work: () => T): T => {
    try {
      const result = work();
      if (faults.size > 0 && faults.delete(kind)) log.info({ what, kind }, 'database works again');
      return result;
    } catch (err) {
      const failure = failureOf(err, `the ${what} ${verbs[kind]}`);
      if (!failure) throw err;
      if (!faults.has(kind)) log.error({ err, what, kind }, 'database fails');
      faults.set(kind, { sentence: failure.message, at: Date.now() });
      throw failure;
    }
  };
  const commit = <T>(work: () => T): T => {
    const whole = db.transaction(() => {
      for (const each of owed) each();
      return work();
    });
    const result = watched('written', () => whole.immediate());
    owed = [];
    return result;
  };
  return {
    read: (work) => watched('read', work),
    commit,
    take(work) {
      try {
        return commit(work);
      } catch (err) {
        if (err instanceof Failure && err.code === 'database.unavailable') owed.push(work);
        throw err;
      }
    },
    settle: () => void (owed.length > 0 && commit(() => {})),
    problems: () => [...faults.values()].map(({ sentence, at }) => told(sentence, at)),
  };
}

function failureOf(err: unknown, beginning: string): Failure | undefined {
  const code = (err as { code?: unknown } | null)?.code;
  if (err instanceof Failure || typeof code !== 'string') return undefined;
  const why = sentences.find(([start]) => code.startsWith(start))?.[1];
  return why === undefined
    ? undefined
    : new Failure('database.unavailable', `${beginning}: ${why}`, { system: code }, { cause: err });
}

const told = (sentence: string, at: number): string =>
  `${sentence[0]?.toUpperCase()}${sentence.slice(1)}; last at ${new Date(at).toISOString()}.`;
