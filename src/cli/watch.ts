import type { Command } from 'commander';
import { Failure } from '../base/errors.ts';
import { visible } from '../base/visible.ts';
import { asking } from './command.ts';
import { time } from './text.ts';

type Told = { timestamp: number; path: string; format: string; data: unknown };

const reasons: Record<string, string> = {
  slow: 'more was written than could be taken; what was not shown is in the store',
  closed: 'the store was closed: its component was uninstalled, or Databox stops',
};

/** `store watch`: what is written, while it is written. */
export function watchCommand(store: Command): void {
  const command = store
    .command('watch <store> <path>')
    .description('print what is written to a path, such as /ts/loadavg1 or /ts/*, until Ctrl-C');
  asking(command, async ({ box, json }, [name = '', path = '']) => {
    const sent = `/watch/${encodeURIComponent(name)}${encodeURI(path.startsWith('/') ? path : `/${path}`)}`;
    for await (const line of box.lines({ path: sent, accept: 'application/x-ndjson' })) {
      // A line without anything shows that the connection lives.
      if (line === '') continue;
      const told = JSON.parse(line) as Told | { end: string };
      if ('end' in told) throw cut(told.end);
      process.stdout.write(json ? `${line}\n` : `${textOf(told)}\n`);
    }
    throw cut('closed');
  });
}

const textOf = ({ timestamp, path, data }: Told): string =>
  `${time(timestamp)}  ${visible(path)}  ${visible(JSON.stringify(data))}`;

const cut = (reason: string): Failure =>
  new Failure('store.unavailable', `the watch was cut: ${reasons[reason] ?? reason}`, { reason });
