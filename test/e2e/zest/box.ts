/** box — components of the original in a rig: their image, and how a test speaks with a program in their containers. */
import { copyFileSync, cpSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../../src/base/run.ts';
import { probeImage, type Rig } from '../../abuse/rig/index.ts';
import type { Call } from '../../unit/zest/raw.ts';
import type { Wish } from './component.ts';
import { fixtures, installOriginal } from './original.ts';

export const zestImage = 'local/zest:1';

const here = fileURLToPath(new URL('.', import.meta.url));
const modules = join(here, '../../../node_modules');

/** Builds the image over the probe's: ZeroMQ with what its native part is linked to, and the program. */
export async function loadZestImage({ house, engine }: Rig): Promise<void> {
  const root = join(house.dir, 'zest');
  const native = globSync(`zeromq/build/linux/${process.arch}/node/glibc-*/addon.node`, { cwd: modules });
  const files = [
    ...['zeromq/package.json', 'zeromq/v5-compat.js', 'zeromq/build/manifest.json', 'cmake-ts/package.json'],
    ...globSync(['zeromq/lib/**/*.js', 'cmake-ts/build/**/*.{js,cjs,mjs}'], { cwd: modules }),
    ...native,
  ];
  for (const file of files) copy(join(modules, file), join(root, 'app/node_modules', file));
  const linked = await run(
    'ldd',
    native.map((file) => join(modules, file)),
  );
  for (const [, file = ''] of linked.matchAll(/=> (\/\S+) \(0x/g)) copy(file, join(root, file));
  copy(join(here, 'component.ts'), join(root, 'app/e2e/zest/component.ts'));
  copy(join(here, '../../unit/zest/raw.ts'), join(root, 'app/unit/zest/raw.ts'));
  writeFileSync(join(root, 'Dockerfile'), `FROM ${probeImage}\nCOPY . /\n`);
  await engine.docker(['build', '-q', '-t', zestImage, root]);
  rmSync(root, { recursive: true });
}

/** The image of programs that have the original's library, which finds ZeroMQ a folder above: for components by their names. */
export async function loadLibraryImage(rig: Rig, image: string): Promise<void> {
  await loadZestImage(rig);
  const root = join(rig.house.dir, 'library');
  const program = join(root, 'app/original');
  cpSync(await installOriginal(), program, { recursive: true, verbatimSymlinks: true });
  for (const file of globSync('*.js', { cwd: fixtures })) copy(join(fixtures, file), join(program, file));
  writeFileSync(join(root, 'Dockerfile'), `FROM ${zestImage}\nCOPY . /\nCMD ["/bin/node", "/app/original/main.js"]\n`);
  await rig.engine.docker(['build', '-q', '-t', image, root]);
  rmSync(root, { recursive: true });
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  if (from.endsWith('.so') || from.includes('.so.')) copyFileSync(from, to);
  else cpSync(from, to);
}

export type Answer = { code: number; payload: string } | null;
export type Found = {
  hostname: string;
  env: Record<string, string>;
  secrets: Record<string, { mode: number; text: string }>;
};

/** A program in a component's container, as that starts it. */
export function startComponent(rig: Rig, name: string) {
  const argv = ['/bin/node', '--disable-warning=ExperimentalWarning', '/app/e2e/zest/component.ts'];
  const program = rig.inside(name).start(argv);
  let last = 0;
  const wish = async <T>(what: Wish): Promise<T> => {
    const id = ++last;
    program.write(`${JSON.stringify({ id, ...what })}\n`);
    const line = await program.line((each) => each.startsWith(`{"id":${id},`));
    const { value, error } = JSON.parse(line) as { value: T; error?: string };
    if (error !== undefined) throw new Error(`${name}: ${error}`);
    return value;
  };
  const arbiter = (request: string, call: Call = {}, timeoutMs = 30_000): Promise<Answer> =>
    wish({ do: 'ask', host: 'arbiter', port: 4444, request, call: { token: '{KEY}', ...call }, timeoutMs });
  return {
    find: () => wish<Found>({ do: 'find' }),
    arbiter,
    ask: (host: string, request: string, call: Call, timeoutMs = 30_000): Promise<Answer> =>
      wish({ do: 'ask', host, port: 5555, request, call, timeoutMs }),
    /** What the arbiter says to a wish for a token. */
    token: (target: string, method: string, path: string, format = 50): Promise<Answer> =>
      arbiter('POST /token', { format, body: JSON.stringify({ target, path, method, caveats: [] }) }),
    observe: (host: string, path: string, token: string) =>
      wish<{ code: number; identity: string }>({ do: 'observe', host, request: `GET ${path}`, call: { token } }),
    /** Resolves with what was told once somebody was told something like this. */
    async told(what: RegExp): Promise<{ told: string; code: number; payload: string }> {
      const line = await program.line((each) => each.startsWith('{"told"') && what.test(each));
      return JSON.parse(line) as { told: string; code: number; payload: string };
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}
export type Component = ReturnType<typeof startComponent>;
