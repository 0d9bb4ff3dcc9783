/** ledger — who read and wrote what, counted by the minute; and, entry by entry and sealed, what was done, refused and permitted. */
export { startLedger, type Ledger, type LedgerOptions } from './ledger.ts';
export { AccessShape, EntryShape, VerdictShape } from './entry.ts';
export type { Access, AccessRow, Entry, Kind, Looking, NewEntry, Verdict } from './entry.ts';
export { ledgerVersion } from './sql.ts';
