/** A thread for one copy or one check of a whole file: it may take minutes, and is ended when it is done. */
import { statSync } from 'node:fs';
import { Failure } from '../../base/errors.ts';
import { openDatabase } from '../../base/sqlite.ts';
import { serveWorker } from '../../base/worker.ts';
import { checkStore } from '../sql/check.ts';
import { copyDatabase } from '../sql/copy.ts';
import { migrations } from '../sql/schema.ts';
import { damaged, failureOf } from './failures.ts';
import type { ArchivistHandlers } from './protocol.ts';

const handlers: ArchivistHandlers = {
  snapshot: ({ file, into }) =>
    attempt(() => {
      copyDatabase(file, into);
      return { version: checkedCopy(into), bytes: statSync(into).size };
    }),
  // An older file is brought up to date here, where a failure changes nothing.
  check: ({ file }) =>
    attempt(() => {
      if (checkStore(file) < migrations.length) openDatabase(file, migrations, { keepsCopy: false }).close();
    }),
};

/** What is wrong with the copy is wrong with the store. */
function checkedCopy(file: string): number {
  try {
    return checkStore(file);
  } catch (err) {
    throw err instanceof Failure && 'fault' in err.details ? damaged(err) : err;
  }
}

function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (err) {
    throw failureOf(err);
  }
}

serveWorker(handlers);
