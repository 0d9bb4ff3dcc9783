/** store — time-series and key/value datasources over REST; every call is checked against a token. */
export { startStores, type Stores } from './stores.ts';
export { storeVersion } from './sql/schema.ts';
export type { Watcher } from './owner.ts';
export type { StoreOptions } from './lifecycle.ts';
export type { StoreLedger } from './accounts.ts';
export type { Authorise } from './open-store.ts';
export type { Retention, Statistics } from './engine.ts';
export type { Backup, Restored } from './backups.ts';
export { Header as BackupHeader } from './backup/format.ts';
export { verifyBackup } from './backup/verify.ts';
export type { StoreWire, WireAnswer, WireOptions, WireRequest } from './wire.ts';
