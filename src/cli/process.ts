import type { Command } from 'commander';
import { setTimeout } from 'node:timers/promises';
import { Failure } from '../base/errors.ts';
import type { Box } from './client.ts';
import { asking, reporting } from './command.ts';
import type { CliOptions } from './options.ts';

const stopDeadlineMs = 120_000;

/** `status`, `stop` and `version`. */
export function processCommands(program: Command, { version }: CliOptions): void {
  asking(program.command('status').description('whether Databox runs, and what is wrong'), async ({ box, say }) => {
    const { statusOf, statusText } = await import('./views/status.ts');
    say(statusOf(await box.ask({ path: '/status' })), statusText);
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
