import type { FailureCode } from '../base/errors.ts';
import type { Manifest, ParsedManifest } from './manifest.ts';

/** A manifest that can be installed, and where it came from. */
export type Entry = ParsedManifest & {
  /** The repository's address or folder; `owner` for one that the owner uploaded, `examples` for one of Databox' own. */
  origin: string;
  /** The commit it was read from; `null` for a local folder and an upload. */
  commit: string | null;
};

/** A file of a repository that holds no valid manifest. */
export type BrokenFile = { file: string; faults: string[] };
/** A valid manifest whose name another origin holds already: it is not offered. */
export type Clash = { name: string; file: string; heldBy: string };

/** What one repository is and what its last sync found. */
export type Repository = {
  name: string;
  /** An https git URL or the absolute path of a local folder; `examples` for those that come with Databox. */
  url: string;
  /** Named by the configuration: it cannot be removed, and its names win. */
  official: boolean;
  commit: string | null;
  /** Tag or branch that was read; `null` for a local folder. */
  ref: string | null;
  /** Ms since the Unix epoch of the last sync that succeeded; `null` before the first. */
  syncedAt: number | null;
  /** How many valid manifests it holds, clashes included. */
  manifests: number;
  broken: BrokenFile[];
  clashes: Clash[];
  /** Why the last sync failed; what an earlier one found is offered all the same. */
  problem: { code: FailureCode; title: string } | null;
};
export type SyncReport = Repository;

export type Appstore = AsyncDisposable & {
  /** Every offered manifest by name; one origin a name. */
  list(): Entry[];
  find(name: string): Entry | undefined;
  /** Entries whose name, display name, description, author, tags or provided types hold every word of `text`. */
  search(text: string): Entry[];
  /**
   * Keeps a manifest that the owner uploaded; it replaces an earlier upload of that name.
   * @throws Failure `manifest.invalid`; `manifest.exists` when a repository has the name
   */
  add(manifest: unknown): Entry;
  /** Forgets an upload. @throws Failure `manifest.unknown` */
  drop(name: string): void;
  /** In the order in which their names win. */
  repositories(): Repository[];
  /**
   * Adds a repository after all others; the same address again only changes its name. It is read by the next `sync`.
   * @throws Failure `repository.invalid`
   */
  addRepository(repository: { name: string; url: string }): Repository;
  /** Forgets a repository and what it offered. @throws Failure `repository.unknown`, `repository.invalid` (official) */
  removeRepository(url: string): void;
  /**
   * Reads every repository now; never throws for a broken or unreachable one. Calls at the same time share one run.
   * @param onProgress a sentence a step
   */
  sync(onProgress?: (message: string) => void): Promise<SyncReport[]>;
  parse(value: unknown): ParsedManifest;
};

export type { Manifest };
