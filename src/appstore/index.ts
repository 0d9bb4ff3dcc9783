/** appstore — manifests of apps and drivers from git repositories, folders and the owner; each validated, none trusted. */
export { startAppstore, type AppstoreOptions } from './appstore.ts';
export { fetchSource } from './fetch-source.ts';
export type { SourceLimits, SourceQuestion } from './source.ts';
export { manifestLimitBytes, parseManifest } from './manifest.ts';
export { appstoreVersion } from './sql.ts';
export { Manifest as ManifestShape } from './schema.ts';
export type { Manifest, ManifestDatasource, ParsedManifest } from './manifest.ts';
export type { Limits } from './limits.ts';
export type { Appstore, BrokenFile, Clash, Entry, Repository, SyncReport } from './types.ts';
