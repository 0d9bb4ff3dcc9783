/** A process that records until it is killed; says on standard output what is on disk. Its argument is the ledger's folder. */
import { silent } from '../../../src/base/log.ts';
import { startLedger } from '../../../src/ledger/index.ts';

const ledger = startLedger({ dir: process.argv[2] ?? '', log: silent, flushMs: 50 });
for (let at = 1; ; at++) {
  ledger.count({ component: 'app-x', store: 'driver-y-core-store', datasource: '/ts/load', reads: 1, readBytes: 3 });
  await ledger.record({ kind: 'actuation', component: 'app-x', facts: { at } });
  process.stdout.write(`${at}\n`);
}
