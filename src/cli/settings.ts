import { type Command, Option } from 'commander';
import {
  configFileOf,
  configFileVariable,
  defaultConfigFile,
  envOf,
  flagOf,
  type SettingName,
  settings,
  type Sources,
} from '../base/settings.ts';
import { reporting, whole } from './command.ts';
import type { CliOptions } from './options.ts';
import { originalNames, originalSwitches, refuseOriginal } from './original.ts';
import { table } from './text.ts';

/** Short names of flags that people type. */
const aliases: Record<string, SettingName> = {
  '--password': 'owner.password',
  '--password-file': 'owner.password-file',
  '--address-pool': 'network.address-pool',
};
const names = Object.keys(settings) as SettingName[];

/** `start`, `dev` and `config show`: the commands that read the configuration themselves. */
export function settingCommands(program: Command, { start, dev }: CliOptions): void {
  const starting = configurable(program.command('start').description('start Databox in the foreground'));
  takeOriginal(starting);
  starting.action(() => start(withFile(sourcesOf(starting))));

  deskCommand(program, dev);

  const show = configurable(
    program.command('config').description('what is configured').command('show').description('print settings in force'),
  );
  reporting(show, async ({ say }) => {
    const { loadConfig } = await import('../base/config.ts');
    const config = Object.entries(loadConfig({ env: process.env, ...withFile(sourcesOf(show)) })).map(
      ([name, value]) => [name, isSecret(name) && value !== undefined ? '[set]' : (value ?? null)] as const,
    );
    say(Object.fromEntries(config), () =>
      table(config, [
        { title: 'setting', of: ([name]) => name },
        {
          title: 'value',
          of: ([, value]) => (value === null ? '–' : Array.isArray(value) ? value.join(', ') : String(value)),
        },
      ]),
    );
    return Promise.resolve();
  });
}

type DeskOpts = { port: string; zest?: 'fixed' | 'free' | 'off'; openStore?: boolean; json?: boolean };

function deskCommand(program: Command, dev: CliOptions['dev']): void {
  const desk = configurable(
    program
      .command('dev')
      .description('run arbiter, stores, export and app store on 127.0.0.1, for authors: nothing is enforced')
      .option('--port <number>', 'port on 127.0.0.1; 0 takes a free one', '8080')
      .addOption(
        new Option('--zest <ports>', 'serve libraries of the original Databox: at the ports that they have built in')
          .choices(['fixed', 'free', 'off'])
          .default(undefined, 'fixed; free with --port 0'),
      )
      .option('--open-store', 'their store takes any token, as some test suites need it')
      .option('--json', 'print the address and the variables as one line of JSON'),
  );
  desk.action(() => {
    const { port: said, zest, openStore = false, json = false } = desk.opts<DeskOpts>();
    const port = whole(said);
    const sources = sourcesOf(desk);
    // The machine's own settings are the box's; a desk beside it has what it is told.
    const file = sources.file ?? process.env[configFileVariable];
    return dev({ port, zest: zest ?? (port === 0 ? 'free' : 'fixed'), openStore, json, sources: { ...sources, file } });
  });
}

/** `start` also takes the names that the original's documentation has. */
function takeOriginal(starting: Command): void {
  starting.option('--json', 'print a failure to start as JSON');
  for (const [flag, name] of Object.entries(originalNames)) {
    starting.addOption(new Option(`${flag} <value>`, `the original’s name of ${flagOf(name)}`));
  }
  for (const [flag, [name, value]] of Object.entries(originalSwitches)) {
    starting.addOption(new Option(flag, `the original’s name of ${flagOf(name)} ${value}`));
  }
  refuseOriginal(starting);
}

/** With the file that is read when none is named. */
export const withFile = (sources: Sources): Sources => ({ ...sources, file: configFileOf(sources.file, process.env) });
const fallbackOf = (command: Command): string =>
  command.name() === 'dev' ? 'none' : `${defaultConfigFile} if it is there`;
const isSecret = (name: string): boolean => settings[name as SettingName].secret === true;

/** Gives a command `--config` and an option for each setting. */
export function configurable(command: Command): Command {
  command.option('--config <file>', `JSON file of settings; else ${configFileVariable}, else ${fallbackOf(command)}`);
  for (const [flag, name] of Object.entries(aliases)) {
    command.addOption(new Option(`${flag} <value>`, `short for ${flagOf(name)}`));
  }
  for (const name of names) {
    const { doc, default: fallback } = settings[name];
    const value = typeof fallback === 'boolean' ? '[value]' : '<value>';
    command.addOption(new Option(`${flagOf(name)} ${value}`, `${doc} (${envOf(name)})`).helpGroup('Settings:'));
  }
  return command;
}

/** What stands on the command line, by setting name; a short name beats its long one. */
export function sourcesOf(command: Command): Sources {
  const given = command.opts<Record<string, unknown>>();
  const value = (flag: string): unknown => given[new Option(`${flag} <value>`).attributeName()];
  const flags: Partial<Record<SettingName, unknown>> = {};
  for (const name of names) if (value(flagOf(name)) !== undefined) flags[name] = value(flagOf(name));
  for (const [flag, name] of Object.entries({ ...aliases, ...originalNames })) {
    if (value(flag) !== undefined) flags[name] = value(flag);
  }
  for (const [flag, [name, set]] of Object.entries(originalSwitches)) {
    if (given[new Option(flag).attributeName()] === true) flags[name] = set;
  }
  return { flags, file: value('--config') as string | undefined };
}
