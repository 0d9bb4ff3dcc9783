import type { Command } from 'commander';
import { z } from 'zod';
import { Failure } from '../base/errors.ts';
import { validate } from '../base/http.ts';
import { asking, whole } from './command.ts';
import { bytes, table, time } from './text.ts';

const Entry = z.looseObject({
  ...{ component: z.string(), destination: z.string(), bytes: z.number(), at: z.number() },
  ...{ status: z.string(), answer: z.string(), attempts: z.number(), count: z.number() },
});
type Entry = z.infer<typeof Entry>;
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
    const entries = validate(z.array(Entry), await box.ask({ path: `/exports?${query.toString()}` }));
    say(entries, (all) => table(all, columns, 'Nothing has left this box.'));
  });
}

function momentOf(text: string): number {
  const moment = Date.parse(text);
  if (!(moment >= 0)) throw new Failure('usage', `${text} is not a time such as 2026-01-31T13:05Z`);
  return moment;
}

const colours: Record<string, 'red' | 'yellow' | 'green'> = {
  ...({ answered: 'green', sending: 'yellow', waiting: 'yellow' } as const),
  ...({ failed: 'red', unknown: 'red', refused: 'red' } as const),
};
const columns = [
  { title: 'time (UTC)', of: ({ at }: Entry) => time(at) },
  { title: 'component', of: ({ component }: Entry) => component },
  { title: 'status', of: ({ status }: Entry) => status, colour: ({ status }: Entry) => colours[status] },
  { title: 'size', of: (entry: Entry) => bytes(entry.bytes), right: true },
  { title: 'count', of: ({ count }: Entry) => count, right: true },
  { title: 'destination', of: ({ destination }: Entry) => destination },
  { title: 'answer', of: ({ answer }: Entry) => answer },
];
