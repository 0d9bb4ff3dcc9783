import type { Command } from 'commander';
import { asking, repeated } from './command.ts';
import type { InstallOptions } from './installation.ts';

/** `install`: shows what is asked for, lets the owner choose, and installs what was agreed. */
export function installCommand(program: Command): void {
  const command = program
    .command('install <name-or-file>')
    .description('install an app or driver: shows what it asks for, and asks you')
    .option('--datasource <clientid=href>', 'which datasource to use; may be repeated', repeated)
    .option('-y, --yes', 'agree to everything it needs, and to nothing else');
  asking<InstallOptions>(command, async (session, [what = ''], options) => {
    const { installWhat } = await import('./installation.ts');
    await installWhat(session, what, options);
  });
}
