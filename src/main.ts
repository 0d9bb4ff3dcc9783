#!/usr/bin/env node
/** Reads the command line, starts what it asks for, and is the only place that ends the process. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import {
  createProgram,
  type DevRequest,
  type DoctorOptions,
  type FetchSource,
  modernSpelling,
  type StateAction,
  type VerifyBackup,
  type Wipe,
} from './cli/index.ts';
import type { Desk } from './dev.ts';
import { envOf, type SettingName, type Sources } from './base/settings.ts';
import { exitCode, Failure, problem } from './base/errors.ts';
import { isJournal, prefixOf } from './base/journal.ts';

const version = '0.1.0';
/** Of this version: a clock that says less is wrong. */
const released = '2026-11-01';

// What only a running box needs is imported when one starts: a command answers in the time that it takes to load.

/** Runs the box in the foreground until a signal, `databox stop` or a failure. */
async function start(sources: Sources): Promise<void> {
  const { loadConfig } = await import('./base/config.ts');
  const config = loadConfig({ env: process.env, ...sources });
  const signal = stopSignal();
  const [compose, { announce, takeEnvironment }, { createLog }, { settle }] = await Promise.all([
    ...([import('./compose.ts'), import('./systemd/index.ts'), import('./base/log.ts')] as const),
    import('./base/memory.ts'),
  ]);
  const log = createLog(config['log.level'], isJournal(1, process.env['JOURNAL_STREAM']));
  using service = announce({ environment: takeEnvironment(process.env), log, pid: process.pid });
  await using databox = await compose.start({ config, log, signal, version });
  if (!signal.aborted) await service.ready(databox);
  void settle(signal);
  const failure = await Promise.race([databox.failed, aborted(signal)]);
  service.stopping(failure?.message);
  if (failure) throw failure;
}

/**
 * Runs the author's desk in the foreground. Without a state directory it is fresh each time; without repositories it
 * serves the component of the current folder.
 */
async function dev({ sources, json, ...wanted }: DevRequest): Promise<void> {
  const given = (name: SettingName) => sources.flags?.[name] !== undefined || process.env[envOf(name)] !== undefined;
  const here = existsSync('databox-manifest.json') ? [resolve('.')] : [];
  using scratch = given('state.dir') ? keep('') : scratchDirectory();
  const defaults = {
    ...(scratch.dir !== '' && { 'state.dir': scratch.dir }),
    ...(!given('appstore.repositories') && { 'appstore.repositories': here }),
    ...(!given('log.level') && { 'log.level': 'warn' }),
  };
  const { loadConfig } = await import('./base/config.ts');
  const config = loadConfig({ env: process.env, ...sources, flags: { ...defaults, ...sources.flags } });
  const signal = stopSignal();
  const [{ startDesk }, { createLog }, { settle }] = await Promise.all([
    ...([import('./dev.ts'), import('./base/log.ts'), import('./base/memory.ts')] as const),
  ]);
  await using desk = await startDesk({ config, log: createLog(config['log.level']), signal, ...wanted });
  const { url, testMode } = desk;
  const introduction = { url, enforced: false, components: desk.environments(), testMode };
  console.log(json ? JSON.stringify(introduction) : introduce(introduction));
  void settle(signal);
  await aborted(signal);
}

async function state(action: StateAction, sources: Sources): Promise<string[]> {
  const { loadConfig } = await import('./base/config.ts');
  const { 'state.dir': dir } = loadConfig({ env: process.env, ...sources });
  return (await import('./state.ts')).stateActions[action](dir);
}

const wipe = async (sources: Sources): Promise<Wipe> => {
  const [{ loadConfig }, { openWipe }] = await Promise.all([import('./base/config.ts'), import('./wipe.ts')]);
  return openWipe(loadConfig({ env: process.env, ...sources }));
};

type Introduction = Pick<Desk, 'url' | 'testMode'> & { components: Record<string, Record<string, string>> };

function introduce({ url, components, testMode }: Introduction): string {
  const seats = Object.values(components).map(exported);
  const none = `No component yet. curl -d @databox-manifest.json ${url}/app-store/manifests adds one.`;
  return [
    `databox dev on ${url}: for writing components. NOTHING IS ENFORCED: every component may read every store.`,
    '',
    seats.length > 0 ? seats.join('\n\n') : none,
    '',
    ...('problem' in testMode
      ? [`Nothing for libraries of the original Databox (Zest): ${testMode.problem}.`]
      : [
          `For libraries of the original Databox (Zest); ${testMode.endpoints.openStore} asks for no token:`,
          '',
          exported(testMode.environment),
          'unset DATABOX_VERSION',
        ]),
    '',
    'Ctrl-C ends it.',
  ].join('\n');
}

const exported = (variables: Record<string, string>): string =>
  Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'`)
    .join('\n');

const keep = (dir: string) => ({ dir, [Symbol.dispose]() {} });

function scratchDirectory() {
  const dir = mkdtempSync(join(tmpdir(), 'databox-dev-'));
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Aborts at the first SIGINT or SIGTERM. A second one kills: nobody has to wait for a hung engine. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    const onSignal = (): void => {
      stop.abort();
      // Not `once`: that leaves before it is called, and execa's own listener, alone then, would end the process.
      setImmediate(() => process.off(name, onSignal));
    };
    process.on(name, onSignal);
  }
  return stop.signal;
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => (signal.aborted ? done() : signal.addEventListener('abort', () => done())));

/** For the caller of a command, not for the box: it needs nothing that runs. */
const fetchSource: FetchSource = async (question) => (await import('./appstore/index.ts')).fetchSource(question);

/** For the one who holds the file: a backup is good or not, whether or not a box runs. */
const verifyBackup: VerifyBackup = async (...asked) => (await import('./store/index.ts')).verifyBackup(...asked);

const doctor: DoctorOptions = {
  network: async () => (await import('./network/index.ts')).facts,
  checkState: async (dir) => (await import('./state.ts')).checkState(dir),
  released,
};

async function main(): Promise<void> {
  // Node would end with 0, as if it were done, and systemd would leave a box that has lost its last handle down.
  process.once('beforeExit', () => fail(new Failure('internal', 'it is not done, and nothing is left to wait for')));
  try {
    await createProgram({ start, dev, fetchSource, verifyBackup, state, wipe, version, doctor }).parseAsync(
      modernSpelling(process.argv),
    );
    process.exit(process.exitCode);
  } catch (err) {
    fail(err);
  }
}

function fail(err: unknown): never {
  // A program that started us reads the same as from every other command.
  if (err instanceof Failure && process.argv.includes('--json')) {
    console.error(JSON.stringify(problem(err)));
    process.exit(exitCode(err));
  }
  const sentence = err instanceof Failure ? `databox: ${err.message}` : inspect(err);
  const mark = isJournal(2, process.env['JOURNAL_STREAM']) ? prefixOf(50) : '';
  console.error(mark + sentence.replaceAll('\n', `\n${mark}`));
  process.exit(exitCode(err));
}

// Not awaited: the single binary's entry is a CommonJS script, which cannot wait at its top.
void main();
