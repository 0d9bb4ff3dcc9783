import type { Command } from 'commander';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { Failure } from '../base/errors.ts';
import { validate } from '../base/http.ts';
import { visible } from '../base/visible.ts';
import type { Box } from './client.ts';
import { asking, reporting } from './command.ts';
import type { CliOptions } from './options.ts';
import { coloured, time } from './text.ts';

const Status = z.looseObject({
  version: z.string(),
  release: z.string(),
  startedAt: z.number(),
  pool: z.string(),
  healthy: z.boolean(),
  problems: z.array(z.string()),
  components: z.record(z.string(), z.number()),
  stores: z.number(),
});
const stopDeadlineMs = 120_000;

/** `status`, `stop` and `version`. */
export function processCommands(program: Command, { version }: CliOptions): void {
  asking(program.command('status').description('whether Databox runs, and what is wrong'), async ({ box, say }) => {
    say(validate(Status, await box.ask({ path: '/status' })), statusText);
  });
  const stopping = 'stop Databox: containers, networks, addresses and rules go, data stays';
  asking(program.command('stop').description(stopping), async ({ box, say }) => {
    await box.ask({ method: 'POST', path: '/stop' });
    await gone(box);
    say({ stopped: true }, () => 'Databox has stopped.\n');
  });
  reporting(program.command('version').description('print the version'), ({ say }) => {
    say({ version }, () => `${version}\n`);
    return Promise.resolve();
  });
}

function statusText(status: z.infer<typeof Status>): string {
  const counts = Object.entries(status.components)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`);
  const lines = [
    ['health', status.healthy ? coloured('green', 'healthy') : coloured('red', 'not healthy')],
    ...status.problems.map((problem) => ['', coloured('red', visible(problem))]),
    ['version', `${status.version} (compatible with ${status.release})`],
    ['since', `${time(status.startedAt)} UTC`],
    ['components', counts.join(', ') || 'none'],
    ['stores', String(status.stores)],
    ['addresses', status.pool],
  ];
  return lines.map(([name = '', text = '']) => `${name.padEnd(12)}${text}\n`).join('');
}

/** Waits until nobody answers on the socket. */
async function gone(box: Box): Promise<void> {
  const deadline = Date.now() + stopDeadlineMs;
  while (Date.now() < deadline) {
    try {
      await box.ask({ path: '/status' });
    } catch (err) {
      // Not an answer of the box that it is stopping: nobody is there.
      if (err instanceof Failure && err.code === 'databox.stopped' && 'socket' in err.details) return;
    }
    await setTimeout(200);
  }
  throw new Failure('databox.running', 'Databox is still stopping; look into its log');
}
