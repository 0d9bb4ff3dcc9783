import type { Command } from 'commander';
import { z } from 'zod';
import { validate } from '../base/http.ts';
import { visible } from '../base/visible.ts';
import { asking } from './command.ts';
import { table } from './text.ts';

const Component = z.looseObject({
  name: z.string(),
  type: z.string(),
  state: z.string(),
  error: z.string().optional(),
  waitingFor: z.array(z.string()).optional(),
  restarts: z.number(),
  origin: z.string().nullable(),
});
type Component = z.infer<typeof Component>;

export const pathOf = (name: string, rest = ''): string => `/components/${encodeURIComponent(name)}${rest}`;

/** `list`, `uninstall` and `restart`. */
export function componentCommands(program: Command): void {
  const list = program.command('list').description('what is installed, and how it does');
  asking(list, async ({ box, say }) => {
    const all = validate(z.array(Component), await box.ask({ path: '/components' }));
    say(all, (components) => table(components, columns, 'Nothing is installed.'));
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

const colourOf = ({ state }: Component) =>
  state === 'running' ? 'green' : state === 'failed' ? 'red' : ('yellow' as const);

const columns = [
  { title: 'name', of: ({ name }: Component) => name },
  { title: 'type', of: ({ type }: Component) => type },
  { title: 'state', of: ({ state }: Component) => state, colour: colourOf },
  { title: 'restarts', of: ({ restarts }: Component) => restarts, right: true },
  { title: 'from', of: ({ origin }: Component) => origin ?? '–' },
  {
    title: 'remark',
    of: ({ error, waitingFor = [] }: Component) =>
      [
        ...(error === undefined ? [] : [error]),
        ...(waitingFor.length > 0 ? [`waits for ${waitingFor.join(', ')}`] : []),
      ].join('; '),
  },
];
