import type { Command } from 'commander';
import { Failure } from '../../base/errors.ts';
import { visible } from '../../base/visible.ts';
import { reporting } from '../command.ts';
import { withProgress } from '../progress.ts';
import type { Installed } from './service.ts';

/** `service install` and `service uninstall`. */
export function serviceCommands(program: Command): void {
  const service = program.command('service').description('start Databox with the machine');

  const install = service.command('install').description('start Databox with the machine, by systemd, and now');
  reporting(install, async ({ json, say }) => {
    const { installService } = await import('./service.ts');
    let installed: Installed | undefined;
    try {
      await withProgress({ title: 'Starting Databox', silent: json }, async (report) => {
        installed = await installService((message) => report(visible(message)));
      });
    } catch (err) {
      if (!json) process.stderr.write(journalOf(err));
      throw err;
    }
    if (installed) say(installed, installedText);
  });

  const uninstall = service
    .command('uninstall')
    .description('stop Databox and start it no more; data and settings stay');
  reporting(uninstall, async ({ say }) => {
    const { uninstallService } = await import('./service.ts');
    const uninstalled = await uninstallService();
    const sentence = uninstalled
      ? 'Databox has stopped and starts no more with this machine; its data and settings stay.\n'
      : 'Databox is no service of this machine; nothing was changed.\n';
    say({ uninstalled }, () => sentence);
  });
}

const installedText = ({ status, unit, config }: Installed): string =>
  [
    `Databox ${visible(status || 'is ready')}. It starts with this machine.`,
    `Its unit is ${unit}, its settings are in ${config}; its log: journalctl -u databox`,
    '',
  ].join('\n');

/** The last lines of the box's log, where a failure brings them. */
function journalOf(err: unknown): string {
  const lines = err instanceof Failure ? err.details['journal'] : undefined;
  return Array.isArray(lines) ? lines.map((line) => `${visible(String(line))}\n`).join('') : '';
}
