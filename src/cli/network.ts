import type { Command } from 'commander';
import { asking } from './command.ts';

/** `net`: who reaches whom, how often, and what was refused. */
export function networkCommand(program: Command): void {
  const command = program.command('net').description('who may reach whom, counts of flows, and what was refused');
  asking(command, async ({ box, say }) => {
    const { networkOf, networkText } = await import('./views/network.ts');
    say(networkOf(await box.ask({ path: '/network' })), networkText);
  });
}
