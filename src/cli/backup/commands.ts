import type { Command } from 'commander';
import { asking, reporting } from '../command.ts';
import type { CliOptions } from '../options.ts';
import type { BackupOptions, RestoreOptions } from './work.ts';

const work = () => import('./work.ts');

/** `store backup`, `store restore` and `store verify`. */
export function backupCommands(store: Command, { verifyBackup: verify }: Pick<CliOptions, 'verifyBackup'>): void {
  const backup = store
    .command('backup [store] [file]')
    .description('back up a store, named by itself or by its component, into a new file, while the store is used')
    .option('--all <directory>', 'every store, each into a file of its own');
  asking<BackupOptions>(backup, async (session, named, options) => {
    await (await work()).backUp(session, verify, { named, ...options });
  });
  const restore = store
    .command('restore <file>')
    .description('put a backup in the place of all that its store holds, or change nothing')
    .option('--into <store>', 'refuse it unless it is of this store')
    .option('-y, --yes', 'do it without asking');
  asking<RestoreOptions>(restore, async (session, [file = ''], options) => {
    await (await work()).bring(session, verify, { file, ...options });
  });
  const check = store
    .command('verify <file>')
    .description('read a backup file and say whether a box would take it; no box is needed');
  reporting(check, async (session, [path = '']) => (await work()).check(session, verify, path));
}
