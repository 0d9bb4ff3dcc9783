import { Failure } from '../../base/errors.ts';

/** What SQLite says → what a caller is told. What is neither is a defect and stays what it was. */
export function failureOf(err: unknown): unknown {
  const code = (err as { code?: unknown } | null)?.code;
  if (err instanceof Failure || typeof code !== 'string' || !code.startsWith('SQLITE_')) return err;
  if (code === 'SQLITE_FULL')
    return new Failure('store.full', 'the disk or the quota of the store is full', {}, { cause: err });
  if (code.startsWith('SQLITE_IOERR')) return unavailable('the disk reported an error', code, err);
  if (code.startsWith('SQLITE_READONLY')) return unavailable('the disk is read-only', code, err);
  if (code.startsWith('SQLITE_CORRUPT')) return unavailable('the file of the store is damaged', code, err);
  if (code === 'SQLITE_NOTADB') return unavailable('the file of the store is not a database', code, err);
  if (code.startsWith('SQLITE_CANTOPEN')) return unavailable('the file of the store cannot be opened', code, err);
  if (code.startsWith('SQLITE_BUSY')) return unavailable('another program holds the file of the store', code, err);
  return err;
}

const unavailable = (why: string, sqlite: string, cause: unknown): Failure =>
  new Failure('store.unavailable', why, { sqlite }, { cause });
