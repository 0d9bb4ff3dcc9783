import type { Command } from 'commander';
import { visible } from '../base/visible.ts';
import type { Box } from './client.ts';
import { asking, type Session } from './command.ts';

type Options = { follow?: true };
type Printed = { box: Box; json: boolean; follow: boolean };

/** `logs`: of one component, or of every one with its name before each line. */
export function logsCommand(program: Command): void {
  const logs = program
    .command('logs [name]')
    .description('print what an app or driver wrote; without a name, what each of them wrote')
    .option('-f, --follow', 'go on until interrupted');
  asking<Options>(logs, async ({ box, json }: Session, [name], { follow = false }) => {
    const printed = { box, json, follow };
    if (name !== undefined) return print(printed, name);
    const names = await installed(box);
    const width = Math.max(0, ...names.map(({ length }) => length));
    const each = names.map((component) => () => print(printed, component, width));
    // Followed, all at once; else one after the other, so that the lines of each stay together.
    if (follow) await Promise.all(each.map((work) => work()));
    else for (const work of each) await work();
  });
}

async function installed(box: Box): Promise<string[]> {
  const all = (await box.ask({ path: '/components' })) as { name: string; type: string }[];
  return all.filter(({ type }) => type === 'app' || type === 'driver').map(({ name }) => name);
}

/** @param width of the names before each line; absent: none */
async function print({ box, json, follow }: Printed, name: string, width?: number): Promise<void> {
  const path = `/components/${encodeURIComponent(name)}/logs${follow ? '?follow=1' : ''}`;
  const before = width === undefined ? '' : `${visible(name).padEnd(width)}  `;
  const facts = width === undefined ? {} : { component: name };
  for await (const line of box.lines({ path, accept: 'text/plain' })) {
    const text = line.split('\t').map(visible).join('\t');
    process.stdout.write(json ? `${JSON.stringify({ ...facts, line })}\n` : `${before}${text}\n`);
  }
}
