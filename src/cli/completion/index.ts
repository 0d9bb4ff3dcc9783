/** completion — what the shells need to complete a command line of `databox`. */
import { Argument, type Command } from 'commander';
import { asking, reporting } from '../command.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { placesOf } from './words.ts';
import { zshCompletion } from './zsh.ts';

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };
export type Shell = keyof typeof shells;
export const shellNames = Object.keys(shells) as Shell[];

/** The script that teaches a shell this command line. */
export const completionOf = (shell: Shell, program: Command): string => shells[shell](placesOf(program));

/** `completion`, and the hidden `complete-names` that the scripts ask. */
export function completionCommands(program: Command): void {
  const command = program
    .command('completion')
    .description('print what lets a shell complete databox')
    .addArgument(new Argument('<shell>', 'the shell').choices(shellNames));
  reporting(command, ({ say }, [shell = '']) => {
    const script = completionOf(shell as Shell, program);
    say({ shell, script }, () => script);
    return Promise.resolve();
  });
  const names = program.command('complete-names <kind>', { hidden: true });
  asking(names.description('names that a shell offers'), async ({ box }, [kind = '']) => {
    const path = { component: '/components', store: '/stores', offer: '/manifests' }[kind];
    // A shell that waits for words has no use for a reason.
    const found = path === undefined ? [] : await box.ask({ path }).catch(() => []);
    const all = (Array.isArray(found) ? found : []) as {
      name?: unknown;
      type?: string;
      manifest?: { name?: unknown };
    }[];
    const own = all.filter(({ type }) => kind !== 'component' || type === 'app' || type === 'driver');
    const words = own.map(({ name, manifest }) => name ?? manifest?.name);
    // Plain names only: a shell must never be handed anything it could read as more.
    const plain = words.filter((name) => typeof name === 'string' && /^[a-z0-9-]+$/.test(name));
    process.stdout.write(plain.map((name) => `${String(name)}\n`).join(''));
  });
}
