import type { Command } from 'commander';
import { asking, whole } from './command.ts';
import { momentOf } from './moment.ts';

type Filter = { component?: string; since?: string; limit: string };

/** `export log`: what left the box, and what was not let out. */
export function exportCommand(program: Command): void {
  const log = program
    .command('export')
    .description('what leaves the box')
    .command('log')
    .description('what left, and what was refused, newest first')
    .option('--component <name>', 'of one app only')
    .option('--since <time>', 'from this time on, such as 2026-01-31 or 2026-01-31T13:05Z')
    .option('--limit <number>', 'at most this many', '100');
  asking<Filter>(log, async ({ box, say }, _args, { component, since, limit }) => {
    const query = new URLSearchParams({
      limit: String(whole(limit)),
      ...(component !== undefined && { component }),
      ...(since !== undefined && { since: String(momentOf(since)) }),
    });
    const { exportsOf, exportsText } = await import('./views/exports.ts');
    say(exportsOf(await box.ask({ path: `/exports?${query.toString()}` })), exportsText);
  });
}
