/** wipe — `databox wipe`: shows what would go, asks for the box's name, and takes the box away. */
import { type Command, Option } from 'commander';
import { Failure } from '../base/errors.ts';
import { visible } from '../base/visible.ts';
import { reporting } from './command.ts';
import type { CliOptions, Wipe, Wiped, WipeOptions } from './options.ts';
import { withProgress } from './progress.ts';
import { configurable, sourcesOf, withFile } from './settings.ts';
import { bytes, coloured } from './text.ts';

type Given = {
  yes?: true;
  keepComponents?: true;
  LeaveCmgrStore?: true;
  removeCertificates?: true;
  removeCerts?: true;
};

export function wipeCommand(program: Command, { wipe: openWipe }: Pick<CliOptions, 'wipe'>): void {
  const command = configurable(
    program
      .command('wipe')
      .description(
        'take everything of this box off this machine: components, data, agreements, networks and rules; Databox must ' +
          'be stopped; the program, its settings and images stay',
      ),
  )
    .option('-y, --yes', 'do it without asking for the box’s name')
    .option('--keep-components', 'keep what is installed, agreements, repositories and the password; only data goes')
    .addOption(new Option('--LeaveCmgrStore', 'the original’s name of --keep-components'))
    .option('--remove-certificates', 'also the box’s authorities: browsers and phones must then trust new ones')
    .addOption(new Option('--removeCerts', 'the original’s name of --remove-certificates'));
  reporting<Given>(command, async ({ json, say }, _args, given) => {
    using wipe = await openWipe(withFile(sourcesOf(command)));
    const options = {
      keepComponents: given.keepComponents ?? given.LeaveCmgrStore ?? false,
      removeCertificates: given.removeCertificates ?? given.removeCerts ?? false,
    };
    if (!json) process.stdout.write(warningOf(wipe, options));
    if (!given.yes && !(await confirmed(wipe, json))) {
      process.exitCode = 1;
      return say({ wiped: null }, () => 'Nothing was changed.\n');
    }
    let gone: Wiped | undefined;
    await withProgress({ title: `Wiping ${wipe.name}`, silent: json }, async (report) => {
      gone = await wipe.carryOut(options, (step) => report(visible(step)));
    });
    if (gone) say({ wiped: gone }, wipedText(options));
  });
}

/** @throws Failure `usage` when nobody is there to ask */
async function confirmed({ name }: Wipe, json: boolean): Promise<boolean> {
  if (json || !process.stdin.isTTY) {
    throw new Failure('usage', 'nobody is here to confirm, and nothing was changed: run this again with --yes');
  }
  const { askWord } = await import('./person.ts');
  return (await askWord(`Type the name of this box, ${visible(name)}, to go on: `)) === name;
}

function warningOf(
  { name, dir, found, unfinished }: Wipe,
  { keepComponents, removeCertificates }: WipeOptions,
): string {
  const size = found.stores.reduce((sum, store) => sum + store.bytes, 0);
  const names = found.components.map(visible).join(', ') || 'none';
  const lines = [
    coloured('bold', `The box ${visible(name)} in ${visible(dir)}`),
    ...(unfinished ? [coloured('yellow', 'An earlier wipe was interrupted; what it was to take goes too.')] : []),
    `  components    ${names}${keepComponents ? ' (stay installed, without their data)' : ''}`,
    `  stores        ${found.stores.length} with ${bytes(size)}: all of it goes, and the record of what left`,
    `  certificates  ${removeCertificates ? 'go' : 'stay'}`,
    coloured('red', 'There is no way back, unless you have a backup.'),
  ];
  return `${lines.join('\n')}\n`;
}

const wipedText =
  ({ removeCertificates }: WipeOptions) =>
  ({ wiped: { containers, networks, stores, left } }: { wiped: Wiped }): string =>
    [
      `Gone: ${containers.length} containers, ${networks.length} networks, ${stores.length} stores, all rules.`,
      ...(removeCertificates ? [] : ['The box’s certificates stay; --remove-certificates takes them too.']),
      ...(left.length > 0 ? [`Not of Databox, and left: ${left.map(visible).join(', ')}`] : []),
      '',
    ].join('\n');
