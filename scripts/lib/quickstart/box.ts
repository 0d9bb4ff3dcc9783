import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { run } from '../../../src/base/run.ts';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const startDeadlineMs = 60_000;

export type Box = AsyncDisposable & {
  readonly httpsPort: number;
  readonly httpPort: number;
  readonly password: string;
  /** A `databox …` command against this box, as the owner types it. */
  databox(...argv: string[]): Promise<string>;
  ask(...argv: string[]): Promise<unknown>;
};

export type BoxOptions = {
  /** Folders with a databox-manifest.json each: the local repository. */
  examples: { name: string; dir: string }[];
  /** Ports that nobody holds, rather than 443 and 80. */
  anyPorts: boolean;
};

/** Starts the real Databox in a folder of its own, as a process of its own, and waits until it answers. */
export async function startBox({ examples, anyPorts }: BoxOptions): Promise<Box> {
  await using undo = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'databox-quickstart-'));
  undo.defer(() => rmSync(dir, { recursive: true, force: true }));
  const [httpsPort, httpPort] = [await portFor(443, anyPorts), await portFor(80, anyPorts)];
  const config = configure({ dir, examples, httpsPort, httpPort });
  const log = join(dir, 'databox.log');
  // Its own process group: Ctrl-C at the console is for us, who then stop it in order.
  const child = spawn(process.execPath, [main, 'start', '--config', config], {
    detached: true,
    stdio: ['ignore', openSync(log, 'a'), openSync(log, 'a')],
  });
  const exited = once(child, 'exit');
  undo.defer(async () => {
    if (child.exitCode === null) child.kill('SIGTERM');
    await exited;
  });
  const databox = (...argv: string[]) =>
    run(process.execPath, [main, ...argv, '--run-dir', join(dir, 'run')], { timeoutMs: 120_000 });
  await answering(databox, () => child.exitCode).catch((cause: unknown) => {
    throw new Error(`Databox does not start:\n${readFileSync(log, 'utf8').slice(-4_000)}`, { cause });
  });
  const way = undo.move();
  return {
    ...{ httpsPort, httpPort, databox },
    password: readFileSync(join(dir, 'state/first-password'), 'utf8').trim(),
    ask: async (...argv) => JSON.parse(await databox(...argv, '--json')) as unknown,
    [Symbol.asyncDispose]: () => way.disposeAsync(),
  };
}

type Wanted = Pick<BoxOptions, 'examples'> & { dir: string; httpsPort: number; httpPort: number };

function configure({ dir, examples, httpsPort, httpPort }: Wanted): string {
  const repository = join(dir, 'manifests');
  mkdirSync(repository);
  for (const { name, dir: example } of examples) {
    copyFileSync(join(example, 'databox-manifest.json'), join(repository, `${name}.json`));
  }
  const settings = {
    'state.dir': join(dir, 'state'),
    'run.dir': join(dir, 'run'),
    'owner.https-port': httpsPort,
    'owner.http-port': httpPort,
    'appstore.repositories': [repository],
    ...(process.env['DOCKER_HOST'] && { 'docker.host': process.env['DOCKER_HOST'] }),
  };
  const file = join(dir, 'config.json');
  writeFileSync(file, JSON.stringify(settings, null, 2));
  return file;
}

/** The usual port if it is free, else any free one. */
async function portFor(usual: number, any: boolean): Promise<number> {
  for (const port of any ? [0] : [usual, 0]) {
    const server = createServer();
    const found = await new Promise<number | undefined>((resolve) => {
      server.once('error', () => resolve(undefined));
      server.listen(port, '0.0.0.0', () => resolve((server.address() as AddressInfo).port));
    });
    await new Promise((done) => server.close(done));
    if (found !== undefined) return found;
  }
  throw new Error('no port is free');
}

async function answering(databox: Box['databox'], ended: () => number | null): Promise<void> {
  const deadline = Date.now() + startDeadlineMs;
  for (;;) {
    try {
      await databox('status');
      return;
    } catch (err) {
      if (ended() !== null || Date.now() > deadline) throw err;
      await sleep(250);
    }
  }
}
