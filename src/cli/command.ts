import { Option, type Command } from 'commander';
import { join } from 'node:path';
import { configFileOf, envOf } from '../base/settings.ts';
import { exitCode, Failure, problem } from '../base/errors.ts';
import { visible } from '../base/visible.ts';
import { type Box, connectBox } from './client.ts';

/** What a command works with. */
export type Session = {
  box: Box;
  socketPath: string;
  /** Whether programs read the output. */
  json: boolean;
  /** Prints `value` as JSON with `--json`, else the text that `human` makes of it. */
  say: <T>(value: T, human: (value: T) => string) => void;
};
type Work<Options> = (session: Session, args: string[], options: Options) => Promise<void>;

const jsonOption = (): Option => new Option('--json', 'print JSON for programs');
const runDirOption = (): Option =>
  new Option('--run-dir <dir>', `where the admin socket is; else ${envOf('run.dir')}, else as configured`);

/** Makes `command` a question to the running box: `--json`, `--run-dir`, and one sentence when it fails. */
export const asking = <Options>(command: Command, work: Work<Options>): Command =>
  reporting(command.addOption(runDirOption()), async (session, args, options: Options & { runDir?: string }) => {
    const socketPath = join(options.runDir ?? (await configuredRunDir()), 'databox.sock');
    return work({ ...session, socketPath, box: connectBox(socketPath) }, args, options);
  });

/** Values are read by a library that a command line that says all itself does without. */
async function configuredRunDir(): Promise<string> {
  const { loadSetting } = await import('../base/config.ts');
  return loadSetting('run.dir', { env: process.env, file: configFileOf(undefined, process.env) });
}

export type Reporting = Pick<Session, 'json' | 'say'>;

/** Gives `command` `--json`, and lets its failures end in a sentence and an exit code. */
export function reporting<Options>(
  command: Command,
  work: (session: Reporting, args: string[], options: Options) => Promise<void>,
): Command {
  return command.addOption(jsonOption()).action(async () => {
    endWithReader();
    const options = command.opts<Options & { json?: boolean }>();
    const json = options.json ?? false;
    const say: Session['say'] = (value, human) =>
      void process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : human(value));
    try {
      await work({ json, say }, command.args, options);
    } catch (err) {
      if (!(err instanceof Failure)) throw err;
      process.stderr.write(json ? `${JSON.stringify(problem(err))}\n` : `databox: ${visible(err.message)}\n`);
      process.exitCode = exitCode(err);
    }
  });
}

/** Whoever read us, such as `head`, has had enough: that is no failure. */
function endWithReader(): void {
  if (process.stdout.listenerCount('error') > 0) return;
  process.stdout.on('error', (err: NodeJS.ErrnoException) => {
    if (err.code === 'EPIPE') process.exit(process.exitCode);
    throw err;
  });
}

/** For an option that may be given more than once. */
export const repeated = (value: string, before: string[] = []): string[] => [...before, value];

/** A whole number of an option. @throws Failure `usage` */
export function whole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Failure('usage', `${text} is not a whole number`);
  return Number(text);
}
