import type { Command } from 'commander';
import { visible } from '../base/visible.ts';
import { asking } from './command.ts';

export const pathOf = (name: string, rest = ''): string => `/components/${encodeURIComponent(name)}${rest}`;

/** `list`, `uninstall` and `restart`. */
export function componentCommands(program: Command): void {
  const list = program.command('list').description('what is installed, and how it does');
  asking(list, async ({ box, say }) => {
    const { componentsOf, componentsText } = await import('./views/components.ts');
    say(componentsOf(await box.ask({ path: '/components' })), componentsText);
  });

  const uninstall = program.command('uninstall <name>').description('remove an app or driver; its data stays');
  uninstall.option('--delete-data', 'delete its store too, also when it was kept by an earlier uninstall');
  asking<{ deleteData?: true }>(uninstall, async ({ box, say }, [name = ''], { deleteData }) => {
    const data = deleteData ? 'delete' : 'keep';
    await box.ask({ method: 'DELETE', path: pathOf(name, `?data=${data}`) });
    say(
      { uninstalled: name, data },
      () => `${visible(name)} is gone; its data was ${deleteData ? 'deleted' : 'kept'}.\n`,
    );
  });

  const restart = program.command('restart <name>').description('start an app or driver anew');
  asking(restart, async ({ box, say }, [name = '']) => {
    await box.ask({ method: 'POST', path: pathOf(name, '/restart') });
    say({ restarted: name }, () => `${visible(name)} was restarted.\n`);
  });
}
