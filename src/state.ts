/** state — the databases of a state directory as a whole: whether this Databox knows them, and their copies of before an update. */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { appstoreVersion } from './appstore/index.ts';
import { arbiterVersion } from './arbiter/index.ts';
import { copiesIn, dropCopies, restoreCopies } from './base/copies.ts';
import { lockDirectory } from './base/lock.ts';
import { checkDatabase, fileVersion } from './base/sqlite.ts';
import { refuseHalfWiped } from './base/wiping.ts';
import { exportVersion } from './export/index.ts';
import { ledgerVersion } from './ledger/index.ts';
import { managerVersion } from './manager/index.ts';
import { networkVersion } from './network/index.ts';
import { storeVersion } from './store/index.ts';
import { zestVersion } from './zest/index.ts';

/** Files, as a pattern, and the version that this Databox writes. */
export const formats: readonly (readonly [files: string, version: number])[] = [
  ['arbiter.sqlite', arbiterVersion],
  ['export.sqlite', exportVersion],
  ['appstore.sqlite', appstoreVersion],
  ['ledger/ledger.sqlite', ledgerVersion],
  ['network/addresses.sqlite', networkVersion],
  ['manager/manager.sqlite', managerVersion],
  ['zest.sqlite', zestVersion],
  ['stores/*.sqlite', storeVersion],
];

/**
 * Looks into every database, and changes none; a running box is not disturbed.
 * @throws Failure `database.newer` for the first file that only a newer Databox can read, `wipe.unfinished`
 */
export function checkState(dir: string): void {
  refuseHalfWiped(dir);
  checkFiles(dir);
}

/** @throws Failure `database.newer` */
export function checkFiles(dir: string): void {
  for (const [files, version] of formats) {
    for (const file of globSync(files, { cwd: dir }).sort()) checkDatabase(join(dir, file), version);
  }
}

/** What `databox state` does; each returns the files that it changed. */
export const stateActions = {
  /** @throws Failure `database.newer` */
  check(dir: string): string[] {
    checkState(dir);
    return [];
  },
  /** `<version> <path>` of every database: a package of an older Databox sees by it that it is too old for them. */
  formats: (dir: string): string[] =>
    formats
      .flatMap(([files]) => globSync(files, { cwd: dir }).sort())
      .map((name) => join(dir, name))
      .flatMap((file) => {
        const version = fileVersion(file);
        return version === undefined ? [] : [`${version} ${file}`];
      }),
  /**
   * Puts back every file as it was before an update changed it; what was written to it since is lost.
   * @throws Failure `databox.running`, `wipe.unfinished`
   */
  restore(dir: string): string[] {
    refuseHalfWiped(dir);
    if (copiesIn(dir).length === 0) return [];
    const held = lockDirectory(dir);
    try {
      return restoreCopies(dir).map(({ file }) => file);
    } finally {
      held[Symbol.dispose]();
    }
  },
  /** The update is final: deletes the copies from before it. */
  settle: (dir: string): string[] => dropCopies(dir).map(({ file }) => file),
};

const settledAfterMs = 3_600_000;

/** Settles an update that has run for an hour; until then the version before can be put back. */
export function settleLater(dir: string): Disposable {
  const timer = setTimeout(() => dropCopies(dir), settledAfterMs).unref();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
