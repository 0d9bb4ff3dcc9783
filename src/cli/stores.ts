import { type Command, Option } from 'commander';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../base/errors.ts';
import { visible } from '../base/visible.ts';
import { backupCommands } from './backup/commands.ts';
import { asking } from './command.ts';
import type { CliOptions } from './options.ts';
import { retentionCommand } from './retention.ts';
import { watchCommand } from './watch.ts';

const formats = { json: 'application/json', text: 'text/plain', binary: 'application/octet-stream' };

/** `store …`: the owner's look into their data, and its backups. */
export function storeCommand(program: Command, options: Pick<CliOptions, 'verifyBackup'>): void {
  const store = program.command('store').description('look into the stores, back them up and restore them');
  asking(store.command('ls [store]').description('stores and their datasources'), async ({ box, say }, [wanted]) => {
    const { storesOf, storesText } = await import('./views/stores.ts');
    const all = storesOf(await box.ask({ path: '/stores' }));
    const some = wanted === undefined ? all : all.filter(({ name }) => name === wanted);
    if (wanted !== undefined && some.length === 0) throw new Failure('store.unknown', `there is no store ${wanted}`);
    say(some, storesText);
  });
  const get = store
    .command('get <store> <path>')
    .description('print what a GET of a path answers, such as /ts/loadavg1/latest')
    .addOption(new Option('--as <format>', 'how to have it').choices(Object.keys(formats)).default('json'));
  watchCommand(store);
  retentionCommand(store);
  backupCommands(store, options);
  asking<{ as: string }>(get, async ({ box, json }, [name = '', path = ''], { as }) => {
    const accept = formats[as as keyof typeof formats];
    const sent = `/stores/${encodeURIComponent(name)}${path.startsWith('/') ? '' : '/'}${path}`;
    const answer = await box.open({ path: encodeURI(decoded(sent)), accept });
    // Foreign bytes do not reach a terminal as they are; a pipe or a file gets every one of them.
    if (!process.stdout.isTTY || json) return pipeline(answer, process.stdout, { end: false });
    let text = '';
    for await (const part of answer.setEncoding('utf8') as AsyncIterable<string>) text += part;
    process.stdout.write(`${text.split('\n').map(visible).join('\n')}\n`);
  });
}

/** So that a path may be typed with or without percent signs. */
function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
