/** What a command evaluates before it answers: each module costs start and memory on a Pi. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Reports each module that the process evaluates, from inside it. */
const hook = `import { registerHooks } from 'node:module';
  registerHooks({ load: (url, context, next) => (process.stderr.write('LOADED ' + url + '\\n'), next(url, context)) });`;

async function loadedBy(...args: string[]): Promise<string[]> {
  const imports = ['--import', `data:text/javascript,${encodeURIComponent(hook)}`];
  const child = spawn(process.execPath, [...imports, 'src/main.ts', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => (err += part));
  // A desk goes on until it is ended: it is ready once it says something.
  child.stdout.once('data', () => args[0] === 'dev' && child.kill('SIGTERM')).resume();
  const code = await new Promise((done) => child.once('close', done));
  expect([args, code]).toEqual([args, 0]);
  return [...err.matchAll(/^LOADED file:\/\/(.*)$/gm)].map(([, path = '']) => path.replace(`${process.cwd()}/`, ''));
}

const packagesOf = (paths: readonly string[]): string[] =>
  [...new Set(paths.flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []))].sort();
/** Modules that only a running box, or the work of a command, needs. */
const work =
  /^src\/(arbiter|store|network|manager|export|appstore|systemd|compose|wipe|state)|^src\/cli\/(views|doctor)\//;
const ofBox = /^src\/(manager|network|systemd|compose|wipe|state)|^src\/cli\/(views|doctor)\//;

test.each([['version'], ['--help'], ['install', '--help'], ['completion', 'bash']])(
  'databox %s %s evaluates declarations and commander, and nothing that does work',
  async (...args) => {
    const loaded = await loadedBy(...args);
    expect(packagesOf(loaded)).toEqual(['commander']);
    expect(loaded.filter((path) => work.test(path))).toEqual([]);
    expect(loaded.length).toBeLessThan(60);
  },
);

test('databox dev is ready without what only a box does, and without git', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'databox-footprint-'));
  try {
    const loaded = await loadedBy('dev', '--port', '0', '--state-dir', scratch, '--json');
    expect(loaded.filter((path) => ofBox.test(path))).toEqual([]);
    expect(packagesOf(loaded)).not.toContain('isomorphic-git');
    expect(packagesOf(loaded)).toContain('zeromq');
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

test('the bundle evaluates no more than that at its start', async () => {
  const { metafile } = await build({
    ...{ entryPoints: ['src/main.ts'], bundle: true, platform: 'node', format: 'cjs', external: ['better-sqlite3'] },
    ...{ metafile: true, write: false, logLevel: 'silent' },
  });
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { path: next, kind, external } of metafile.inputs[path]?.imports ?? []) {
      if (kind !== 'dynamic-import' && !external) visit(next);
    }
  };
  visit('src/main.ts');
  expect(seen.size).toBeGreaterThan(20);
  expect(packagesOf([...seen])).toEqual(['commander']);
  expect([...seen].filter((path) => work.test(path))).toEqual([]);
});
