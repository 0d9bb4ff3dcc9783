import { Failure } from '../../base/errors.ts';

/** What SQLite or the file system says, by the beginning of its code; a defect is none of these. */
const sentences: [code: string, sentence: string][] = [
  ['SQLITE_IOERR', 'the disk reported an error'],
  ['SQLITE_READONLY', 'the disk is read-only'],
  ['SQLITE_CORRUPT', 'the file of the store is damaged'],
  ['SQLITE_NOTADB', 'the file of the store is not a database'],
  ['SQLITE_CANTOPEN', 'the file of the store cannot be opened'],
  ['SQLITE_BUSY', 'another program holds the file of the store'],
  ['E', 'the file of the store cannot be opened'],
];

/** Turns an error of the disk or of a file into what a caller is told. What is neither is a defect and stays as it was. */
export function failureOf(err: unknown): unknown {
  const code = (err as { code?: unknown } | null)?.code;
  if (err instanceof Failure || typeof code !== 'string') return err;
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') {
    return new Failure('store.full', 'the disk or the quota of the store is full', {}, { cause: err });
  }
  const sentence = sentences.find(([beginning]) => code.startsWith(beginning))?.[1];
  return sentence === undefined || code.startsWith('ERR_')
    ? err
    : new Failure('store.unavailable', sentence, { system: code }, { cause: err });
}

/** What is told of a store whose pages contradict each other. */
export const damaged = (cause: unknown): Failure =>
  new Failure('store.unavailable', 'the file of the store is damaged', { system: 'SQLITE_CORRUPT' }, { cause });

/** Whether it is the content of the file that is at fault: to read or write it again would change nothing. */
export const isDamage = (err: unknown): err is Failure =>
  err instanceof Failure && /^SQLITE_(CORRUPT|NOTADB)/.test(String(err.details['system']));
