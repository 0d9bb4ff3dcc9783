/** docs/client.md: every program prints what the page shows, as a component of `databox dev` and with the built library. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { buildClient } from '../../../build/client.ts';

const page = readFileSync('docs/client.md', 'utf8');
const programs = [...page.matchAll(/```js (driver|app)\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/g)].map(
  ([, who = '', text = '', output = '']) => ({ who: `${who}-os-monitor`, text, output }),
);

let home: string;
let dev: ReturnType<typeof spawn>;
let components: Record<string, Record<string, string>>;
beforeAll(async () => {
  await buildClient();
  home = mkdtempSync(join(tmpdir(), 'databox-client-docs-'));
  mkdirSync(join(home, 'node_modules'));
  symlinkSync(process.cwd(), join(home, 'node_modules/databox'));
  const repositories = ['driver', 'app'].map((kind) => join(process.cwd(), `examples/${kind}-os-monitor`)).join(',');
  const argv = ['src/main.ts', 'dev', '--port', '0', '--json', '--appstore-repositories', repositories];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  dev = child;
  const [told] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  ({ components } = JSON.parse(told) as { components: typeof components });
}, 120_000);
afterAll(async () => {
  dev.kill('SIGTERM');
  await once(dev, 'exit');
  rmSync(home, { recursive: true });
});

test('every program of the page is run', () => {
  expect(programs.length).toBeGreaterThan(4);
  expect(programs.length).toBe(page.match(/^```js/gm)?.length);
});

test.each(programs.map((program, nth) => [nth + 1, program] as const))('program %d', async (nth, program) => {
  const { who, text, output } = program;
  const file = join(home, `${nth}.${text.includes('require(') ? 'cjs' : 'mjs'}`);
  writeFileSync(file, text);
  const env = { PATH: process.env['PATH'], ...components[who] };
  const { stdout } = await promisify(execFile)(process.execPath, [file], { env, timeout: 30_000 });
  expect(stdout).toBe(output);
});
