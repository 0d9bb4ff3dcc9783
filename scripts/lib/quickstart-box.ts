import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { run } from '../../src/base/run.ts';

export type Box = AsyncDisposable & {
  /** `https://192.168.1.7/`, as another machine of the house sees it. */
  readonly url: string;
  readonly password: string;
  /** Runs a `databox …` command and shows what it prints. */
  databox(argv: readonly string[]): Promise<void>;
  /** The JSON that a `databox …` command prints. */
  ask(argv: readonly string[]): Promise<unknown>;
  /** The JSON of a page behind the owner's password. */
  page(path: string): Promise<unknown>;
  /** Lets a component try what it was not given, so that there is a refusal to see. */
  trespass(component: string): Promise<void>;
};

export type BoxOptions = {
  id: string;
  manifests: string;
  ports: { httpsPort: number; httpPort: number };
  signal: AbortSignal;
};

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const readyWithinMs = 60_000;

/** Starts a Databox with a state of its own, which is gone when this is disposed. */
export async function startBox({ id, manifests, ports, signal }: BoxOptions): Promise<Box> {
  await using undo = new AsyncDisposableStack();
  const folder = (path: string): string => {
    mkdirSync(path, { mode: 0o700 });
    undo.defer(() => rmSync(path, { recursive: true, force: true }));
    return path;
  };
  const [state, runDir] = [folder(`/var/tmp/databox-quickstart-${id}`), folder(`/run/databox-quickstart-${id}`)];
  const password = randomBytes(12).toString('base64url');
  const passwordFile = join(runDir, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  const settings = [
    ...['--config', ownSettings(runDir), '--state-dir', state, '--run-dir', runDir, '--password-file', passwordFile],
    ...['--appstore-repositories', manifests, '--appstore-examples', 'false'],
    ...['--owner-https-port', `${ports.httpsPort}`, '--owner-http-port', `${ports.httpPort}`],
  ];
  const log = join(state, 'databox.log');
  const running = launch(settings, log);
  undo.defer(() => running.stop());
  const ask: Box['ask'] = async (argv) =>
    JSON.parse(await run(process.execPath, [main, ...argv, '--json', '--run-dir', runDir])) as unknown;
  await ready(async () => {
    if (running.code() !== undefined) throw new Error(`Databox does not start:\n${tail(log)}`);
    return ask(['status']).then(
      () => true,
      () => false,
    );
  }, signal);
  const kept = undo.move();
  return {
    url: `https://${houseAddress()}${ports.httpsPort === 443 ? '' : `:${ports.httpsPort}`}/`,
    password,
    ask,
    // Its output is for people; standard output is the proof's.
    databox: (argv) => show([main, ...argv, '--run-dir', runDir]),
    page: pages(ports.httpsPort, password),
    trespass: (component) => trespass(component, signal),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** A file of none: the settings of a Databox that is installed on this machine are not the quickstart's. */
function ownSettings(dir: string): string {
  writeFileSync(join(dir, 'config.json'), '{}');
  return join(dir, 'config.json');
}

async function ready(answers: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  while (!(await answers())) {
    if (Date.now() > deadline) throw new Error(`Databox does not answer after ${readyWithinMs} ms`);
    await sleep(200, undefined, { signal });
  }
}

/** In a process group of its own: Ctrl-C is for the quickstart, which stops Databox in its turn. */
function launch(settings: readonly string[], log: string) {
  const output = openSync(log, 'a');
  const child = spawn(process.execPath, [main, 'start', ...settings], {
    stdio: ['ignore', output, output],
    detached: true,
  });
  closeSync(output);
  const exited = once(child, 'exit');
  let code: number | null | undefined;
  child.once('exit', (is) => (code = is));
  return {
    code: () => code,
    async stop() {
      if (code === undefined) child.kill('SIGTERM');
      await exited;
      if (code !== 0) throw new Error(`Databox ended with ${code}:\n${tail(log)}`);
    },
  };
}

const tail = (file: string): string => readFileSync(file, 'utf8').slice(-3_000);

async function show(argv: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 2, 2] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`databox ${argv[1]} ended with ${code}`);
}

function pages(port: number, password: string): Box['page'] {
  let cookie = '';
  const get = async (path: string, headers: Record<string, string>) => {
    // The box's own certificate, which this machine has no reason to trust yet.
    const options: RequestOptions = { host: '127.0.0.1', port, path, headers, rejectUnauthorized: false, agent: false };
    const asked = request(options).end();
    const [res] = (await once(asked, 'response')) as [Parameters<Parameters<typeof request>[2] & object>[0]];
    return { res, body: await text(res) };
  };
  return async (path) => {
    if (cookie === '') {
      const { res } = await get('/api/connect', { authorization: `Token ${password}` });
      cookie = res.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    }
    const { res, body } = await get(path, { cookie });
    if (res.statusCode !== 200) throw new Error(`${path}: ${res.statusCode} ${body}`);
    return JSON.parse(body) as unknown;
  };
}

/** A name and an address that nobody agreed to; the attempt itself must fail. */
async function trespass(component: string, signal: AbortSignal): Promise<void> {
  const attempt = `
    const { connect } = require('node:net');
    for (const host of ['example.org', '192.0.2.1'])
      connect({ host, port: 443, timeout: 1000 })
        .on('timeout', function () { this.destroy(); }).on('error', () => {}).on('connect', () => process.exit(1));`;
  await run('docker', ['exec', component, 'node', '-e', attempt], { signal, timeoutMs: 30_000 });
}

/** The address that others in the house know this machine by. */
function houseAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const own = all.find(
    ({ family, internal, address }) => family === 'IPv4' && !internal && !address.startsWith('10.196.'),
  );
  return own?.address ?? '127.0.0.1';
}
