import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addresses } from './addresses.ts';
import { createAdmin, type Admin } from './admin.ts';
import type { Door } from './door.ts';
import type { Engine } from './engine.ts';
import type { House } from './house.ts';
import { startProgram, type Program } from './process.ts';
import { until } from './until.ts';

export type Settings = Record<string, unknown>;
export type Databox = AsyncDisposable & {
  readonly admin: Admin;
  /** Starts the process and waits until its doors answer and every component has come up, or failed to. `env`: on top of the usual. */
  start(settings?: Settings, env?: Record<string, string>): Promise<void>;
  /** Sends a signal and waits for the end; resolves with the exit code, or the signal that ended it. */
  kill(signal: NodeJS.Signals): Promise<number | NodeJS.Signals>;
  /** Waits for the end of a process that was told to stop otherwise. */
  ended(): Promise<number | NodeJS.Signals>;
  /** As systemd does after a crash: start again with the same settings. */
  restart(): Promise<void>;
  running(): boolean;
  /** Its process, in the machine's numbering. */
  pid(): number;
  /** Everything it logged, over all starts. */
  log(): string;
  /** Runs a `databox …` command in the box. */
  cli(argv: readonly string[]): string[];
  readonly configFile: string;
  readonly stateDir: string;
  readonly runDir: string;
};

/** The outside's authority, in the house's folder; the box trusts it as it trusts the web's. */
export const outsideCa = 'outside-ca.pem';
export const password = 'correct horse battery';
const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
/** The checkout's program, or another one, such as a single binary (scripts/test --package). */
const databox = process.env['DATABOX_PROGRAM'] ? [process.env['DATABOX_PROGRAM']] : [process.execPath, main];

type Box = { house: House; engine: Engine; door: Door };

/** The real Databox, as a process of the box with files of its own. */
export function createDatabox({ house, engine, door }: Box, fixed: Settings): Databox {
  const [stateDir, runDir] = [join(house.dir, 'state'), join(house.dir, 'run')];
  const [config, logFile] = [join(house.dir, 'databox.json'), join(house.dir, 'databox.log')];
  const admin = createAdmin(join(runDir, 'databox.sock'));
  mkdirSync(runDir, { recursive: true });
  let program: Program | undefined;
  let last: Parameters<Databox['start']> = [];
  const cli = (argv: readonly string[]) => house.asBox([...databox, ...argv]);
  const log = () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '');
  const start: Databox['start'] = async (settings = {}, env = {}) => {
    last = [settings, env];
    const whole = { ...defaults(engine), 'state.dir': stateDir, 'run.dir': runDir, ...fixed, ...settings };
    writeFileSync(config, JSON.stringify(whole, null, 2), { mode: 0o600 });
    program = startProgram(cli(['start', '--config', config]), {
      env: { NODE_EXTRA_CA_CERTS: join(house.dir, outsideCa), ...env },
    });
    for (const output of [program.child.stdout, program.child.stderr]) {
      output?.pipe(createWriteStream(logFile, { flags: 'a' }));
    }
    let ended: string | undefined;
    void program.exited.then(({ code }) => void (ended = `ended with ${code}`));
    const answers = async () => {
      if (ended) return ended;
      await admin.read('/status');
      (await door.connect('127.0.0.1', 443)).destroy(); // the owner's door opens last
      return 'ready';
    };
    const first = await until('Databox to answer', answers, { timeoutMs: 120_000 });
    if (first !== 'ready') throw new Error(`Databox: ${first}\n${log().slice(-4_000)}`);
    await until('every component to be up', () => areUp(admin), { timeoutMs: 60_000 });
  };
  const end = async () => {
    if (!program) return 0;
    const { code, signal } = await program.exited;
    program = undefined;
    return code ?? signal ?? 0;
  };
  const kill: Databox['kill'] = (signal) => {
    program?.kill(signal);
    return end();
  };
  return {
    admin,
    configFile: config,
    stateDir,
    runDir,
    start,
    kill,
    ended: end,
    restart: () => start(...last),
    running: () => program?.child.exitCode === null && program.child.signalCode === null,
    pid: () => program?.pid() ?? 0,
    log,
    cli,
    async [Symbol.asyncDispose]() {
      if (program) await kill('SIGTERM');
    },
  };
}

async function areUp(admin: Admin): Promise<true | undefined> {
  const components = await admin.read<{ state: string }[]>('/components');
  return components.some(({ state }) => state === 'starting') ? undefined : true;
}

const defaults = (engine: Engine): Settings => ({
  'docker.host': engine.host,
  'owner.password': password,
  'network.public-ranges': addresses.publicRanges,
  'appstore.repositories': [],
  'appstore.examples': false,
});
