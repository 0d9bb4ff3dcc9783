/** export — the only way out for apps: a queue on disk, one careful https client, and a ledger of what left. */
export { startExport, type ExportOptions, type Outbox } from './outbox.ts';
export type { ExportLedger } from './record.ts';
export type { AuthoriseExport } from './routes.ts';
export { exportVersion, LedgerEntryShape } from './sql.ts';
export type { LedgerEntry } from './sql.ts';
