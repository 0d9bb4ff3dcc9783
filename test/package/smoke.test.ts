/** The binary itself, run as an author runs it: no checkout, no node_modules, an empty folder. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { connect } from '../../src/client/index.ts';
import { bundle } from '../../build/package/sources.ts';
import { type Binary, binaries, command, inOldestUserland } from './binaries.ts';
import type { Found } from './probe.ts';
import { connect as connectZest } from '../unit/zest/raw.ts';

const manifest = readFileSync('examples/driver-os-monitor/databox-manifest.json', 'utf8');
const name = 'driver-os-monitor';
type Introduction = {
  url: string;
  components: Record<string, Record<string, string>>;
  testMode: { endpoints: { arbiter: string } };
};

/** An empty folder that is gone afterwards; the binary has it for its temporary files too. */
function emptyFolder() {
  const dir = mkdtempSync(join(tmpdir(), 'databox-package-'));
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}

async function startDev(binary: Binary, dir: string, state: string) {
  const [program, argv] = command(binary, 'dev', '--port', '0', '--json', '--state-dir', state);
  const child = spawn(program, argv, { cwd: dir, env: { PATH: process.env['PATH'], TMPDIR: dir } });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const first = await Promise.race([once(lines, 'line'), ended.then(() => Promise.reject(new Error(said)))]);
  return {
    ...(JSON.parse(String(first[0])) as Introduction),
    async end(): Promise<number | null> {
      child.kill('SIGTERM');
      return (await ended)[0];
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

describe.each([...binaries, ...inOldestUserland])('$name', (binary) => {
  const timeoutMs = 15_000 * (binary.slow > 1 ? 8 : 1);

  test(
    'says its version, and what it does not know',
    () => {
      const [program, argv] = command(binary, 'version');
      expect(execFileSync(program, argv, { encoding: 'utf8', cwd: '/' })).toMatch(/^\d+\.\d+\.\d+\n$/);
      const [, wrong] = command(binary, 'dance');
      expect(() => execFileSync(program, wrong, { stdio: 'pipe' })).toThrow(/dance/);
    },
    timeoutMs,
  );

  test(
    'a component writes over REST, and reads after a new start what SQLite kept',
    async () => {
      using folder = emptyFolder();
      const state = resolve(folder.dir, 'state');
      const at = Date.now();
      {
        await using dev = await startDev(binary, folder.dir, state);
        const added = await fetch(`${dev.url}/app-store/manifests`, { method: 'POST', body: manifest });
        expect(added.status).toBe(200);
        const driver = connect({
          env: { DATABOX_DEV_URL: dev.url, DATABOX_LOCAL_NAME: name, ARBITER_TOKEN: `dev-${name}` },
          secrets: '/nonexistent',
        });
        await driver.store().ts.write('freememStructured', { value: 42 });
        expect(await dev.end()).toBe(0);
      }
      await using dev = await startDev(binary, folder.dir, state);
      const again = connect({ env: dev.components[name] ?? {}, secrets: '/nonexistent' });
      const [latest] = await again.store().ts.latest('freememStructured');
      expect(latest?.data).toEqual({ value: 42 });
      expect(latest?.timestamp).toBeGreaterThanOrEqual(at);
    },
    timeoutMs,
  );

  test(
    'a client of the original is answered',
    async () => {
      using folder = emptyFolder();
      await using dev = await startDev(binary, folder.dir, resolve(folder.dir, 'state'));
      using arbiter = connectZest({ port: Number(new URL(dev.testMode.endpoints.arbiter).port), pushPort: 0 });
      expect((await arbiter.ask('GET /status', { token: 'secret' })).code).toBe(65);
    },
    timeoutMs,
  );

  test(
    'leaves nothing behind, also when it is killed',
    async () => {
      using folder = emptyFolder();
      {
        await using dev = await startDev(binary, folder.dir, resolve(folder.dir, 'state'));
        expect(dev.url).toMatch(/^http:/);
      }
      expect(readdirSync(folder.dir)).toEqual(['state']);
    },
    timeoutMs,
  );

  test(
    'its certificates serve TLS, its own native parts read packets and carry bytes, and the examples are inside',
    async () => {
      using folder = emptyFolder();
      const probe = join(folder.dir, 'probe.cjs');
      writeFileSync(probe, (await bundle('test/package/probe.ts')).text);
      const [program, argv] = command(binary, 'version');
      const env = { PATH: process.env['PATH'], NODE_OPTIONS: `--require ${probe}`, TMPDIR: folder.dir };
      const lines = execFileSync(program, argv, { encoding: 'utf8', env }).trim().split('\n');
      const { netlink, ...found } = JSON.parse(lines.at(-1) ?? '') as Found;
      expect(found).toEqual({
        arch: binary.arch,
        inside: true,
        served: { ec: 'hello', rsa: 'hello' },
        examples: Object.fromEntries(
          ['app-os-monitor', 'driver-os-monitor'].map((each) => [
            each,
            ['Dockerfile', 'databox-manifest.json', 'main.js'],
          ]),
        ),
        carried: 'hello',
        packet: { src: 0x0a000001, dst: 0x0a000002, protocol: 17, sport: 4000, dport: 53 },
      });
      // An emulator may not know netlink's netfilter family; natively the kernel answers, or refuses without rights.
      if (binary.arch === process.arch) expect(netlink).toMatch(/^(answered|.*Operation not permitted.*)$/);
    },
    timeoutMs,
  );
});
