/** Groups of the help, and what people type most. */
import type { Command } from 'commander';
import { leavesOf } from './tree.ts';

const groups: Record<string, readonly string[]> = {
  'Owner:': [
    ...[
      'install',
      'list',
      'uninstall',
      'restart',
      'logs',
      'revoke',
      'allow',
      'net',
      'export',
      'audit',
      'store',
      'search',
    ],
    'repo',
  ],
  'Authors:': ['dev', 'token', 'install-component', 'sdk'],
};
const otherGroup = 'Machine:';
export const groupNames = [...Object.keys(groups), otherGroup];

/** Which group of the help a command of the first level stands in. */
export const groupOf = (name: string): string =>
  Object.entries(groups).find(([, names]) => names.includes(name))?.[0] ?? otherGroup;

export type Example = readonly [line: string, does: string];
const examples: Record<string, readonly Example[]> = {
  'databox list': [['databox list --json', 'for a program']],
  'databox restart': [['databox restart driver-os-monitor', 'its data stays']],
  'databox allow': [['databox allow app-os-monitor --datasource freemem', 'what was revoked before']],
  'databox audit show': [
    ['databox audit show --component app-os-monitor --since 2026-01-31', 'what one app used and did'],
    ['databox audit show --datasource loadavg1 --each', 'who used it, minute by minute'],
  ],
  'databox audit verify': [['databox audit verify', 'exit code 65 when an entry is missing or altered']],
  'databox net': [['databox net', 'also as `databox net --json`']],
  'databox store ls': [['databox store ls driver-os-monitor-core-store', 'the datasources of one store']],
  'databox repo list': [['databox repo list', 'an official one has a *']],
  'databox repo add': [['databox repo add https://git.example.org/manifests', 'read at the next sync']],
  'databox repo remove': [['databox repo remove https://git.example.org/manifests', 'what is installed stays']],
  'databox repo sync': [['databox repo sync', 'and say what is broken in them']],
  'databox search': [['databox search twitter', 'in names, tags and descriptions']],
  'databox install-component': [
    ['databox install-component driver-os-monitor', 'an example of Databox'],
    ['databox install-component ./driver-x --watch', 'your folder, again at every save'],
  ],
  'databox config show': [['databox config show --config ./databox.json', 'with settings of a file']],
  'databox status': [['databox status', 'exit code 69 when it does not run']],
  'databox stop': [['databox stop', 'a service stays stopped until the machine starts again']],
  'databox version': [['databox version --json', 'for a program']],
  'databox service install': [['sudo databox service install', 'says when the box is ready']],
  'databox service uninstall': [['sudo databox service uninstall', 'before you remove the program']],
  'databox doctor': [['sudo databox doctor', 'as root it looks at more']],
  'databox test': [['databox test --network', 'nothing but a handshake is sent']],
  'databox state check': [['databox state check', 'with the new version, before an update']],
  'databox state formats': [['databox state formats --json', 'what a backup holds, for a program']],
  'databox state restore': [['sudo databox state restore', 'with the version of before the update']],
  'databox state settle': [['sudo databox state settle', 'when the update is good']],
  'databox start': [
    ['databox start', 'the first start prints the owner’s password'],
    ['databox start --config /etc/databox/config.json', 'with settings of a file'],
  ],
  'databox dev': [['databox dev --port 0', 'a desk for the component in this folder']],
  'databox install': [
    ['databox install driver-os-monitor', 'shows what it asks for, and asks you'],
    ['databox install ./databox-manifest.json --yes', 'a manifest of your own, agreed unseen'],
  ],
  'databox uninstall': [['databox uninstall app-os-monitor --delete-data', 'nothing of it stays']],
  'databox logs': [
    ['databox logs -f driver-os-monitor', 'until Ctrl-C'],
    ['databox logs -f', 'of all, each line with its name'],
  ],
  'databox revoke': [['databox revoke app-os-monitor --datasource freemem', 'no reading of freemem any more']],
  'databox export log': [['databox export log --since 2026-01-31 --json', 'what left since then, for a program']],
  'databox store watch': [['databox store watch driver-os-monitor-core-store /ts/*', 'until Ctrl-C']],
  'databox token': [
    [
      'databox token app-os-monitor GET driver-os-monitor-core-store /ts/loadavg1/latest',
      'with the curl line to try it',
    ],
  ],
  'databox store get': [['databox store get driver-os-monitor-core-store /ts/loadavg1/latest', 'the newest value']],
  'databox store retention': [
    ['databox store retention driver-os-monitor-core-store /ts/loadavg1 --keep 30d', 'older entries go, from now on'],
    ['databox store retention driver-os-monitor-core-store /ts/loadavg1 --max 100MB --keep all', 'by size only'],
  ],
  'databox store backup': [
    ['databox store backup driver-os-monitor /media/usb/os-monitor.databox-backup', 'read back before it says done'],
    ['databox store backup --all /media/usb/2026-01-31', 'each store into a file of its own'],
  ],
  'databox store restore': [
    ['databox store restore /media/usb/os-monitor.databox-backup', 'shows what it is, and asks'],
  ],
  'databox store verify': [['databox store verify os-monitor.databox-backup', 'on any machine']],
  'databox wipe': [
    ['databox wipe', 'shows what goes, and asks for the box’s name'],
    ['databox wipe --yes --remove-certificates', 'nothing of the box stays, as before you give the machine away'],
  ],
  'databox completion': [
    ['source <(databox completion bash)', 'for this shell'],
    ['databox completion fish >~/.config/fish/completions/databox.fish', 'for good'],
  ],
};

export const examplesOf = (path: string): readonly Example[] => examples[path] ?? [];

/** Puts the commands of the help into groups, and examples below what people type most. */
export function arrangeHelp(program: Command): void {
  const rank = (command: Command): number => groupNames.indexOf(groupOf(command.name()));
  (program.commands as Command[]).sort((a, b) => rank(a) - rank(b));
  for (const command of program.commands) command.helpGroup(groupOf(command.name()));
  for (const { path, command } of leavesOf(program)) {
    const lines = examplesOf(path).map(([line, does]) => `  ${line}\n      ${does}`);
    if (lines.length > 0) command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
  }
}
