import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createArbiter } from '../../../src/arbiter/index.ts';
import { listen } from '../../../src/base/listen.ts';
import { silent } from '../../../src/base/log.ts';
import { methods } from '../../../src/base/names.ts';
import { startStores } from '../../../src/store/index.ts';

const driver = 'driver-os-monitor';
const store = `${driver}-core-store`;

/** Arbiter and store behind one address, as at an author's desk. */
async function startDesk() {
  await using up = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'databox-docs-'));
  up.defer(() => rmSync(dir, { recursive: true }));
  const arbiter = up.use(createArbiter({ file: join(dir, 'arbiter.sqlite'), checkAddress: false, log: silent }));
  const stores = up.use(await startStores({ dir, authorise: arbiter.verify, log: silent }));
  arbiter.register({ name: driver, type: 'driver', key: `dev-${driver}` });
  arbiter.register({ name: store, type: 'store', key: 'unused' });
  for (const method of methods) arbiter.grant(driver, { method, path: '/*', target: store }, []);
  await stores.open(store);
  const hosts = new Map([
    ['arbiter', arbiter.handler],
    [store, stores.handler(store)],
  ]);
  const { port } = up.use(
    await listen({
      address: '127.0.0.1',
      port: 0,
      handler: (req, res) => {
        const [, host = '', path] = /^\/([^/]*)(.*)$/.exec(req.url ?? '') ?? [];
        req.url = path;
        hosts.get(host)?.(req, res);
      },
    }),
  );
  const way = up.move();
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => way.disposeAsync() };
}

/** The lines of the page's console blocks: each command with the output it shows. */
const examples = [...readFileSync('docs/rest.md', 'utf8').matchAll(/```console\n([\s\S]*?)```/g)]
  .flatMap(([, block = '']) => block.split(/^\$ /m).slice(1))
  .map((example) => {
    const [command = '', ...output] = example.trimEnd().split('\n');
    return { command, output: output.join('\n') };
  });

/** Runs the little of a shell that the page uses: assignments, `$NAME`, quotes, `NAME=$(…)` and curl. */
async function run(command: string, variables: Map<string, string>): Promise<string> {
  const [, name, value = ''] = /^([A-Z]+)=(.*)$/.exec(command) ?? [];
  if (name !== undefined) {
    const inner = /^\$\((.*)\)$/.exec(value)?.[1];
    variables.set(name, inner === undefined ? expand(value, variables) : await run(inner, variables));
    return '';
  }
  const [program, ...words] = [...command.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"]+)+/g)].map(([word]) =>
    unquote(word, variables),
  );
  expect(program).toBe('curl');
  return curl(words);
}

const expand = (text: string, variables: Map<string, string>): string =>
  text.replaceAll(/\$([A-Z]+)/g, (_all, name: string) => variables.get(name) ?? '');
const unquote = (word: string, variables: Map<string, string>): string =>
  word.startsWith("'") ? word.slice(1, -1) : expand(word.replaceAll('"', ''), variables);

async function curl(words: string[]): Promise<string> {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      silent: { type: 'boolean', short: 's' },
      include: { type: 'boolean', short: 'i' },
      request: { type: 'string', short: 'X' },
      header: { type: 'string', short: 'H', multiple: true },
      data: { type: 'string', short: 'd' },
    },
  });
  const headers = (values.header ?? []).map((line) => line.split(/: (.*)/).slice(0, 2) as [string, string]);
  const method = values.request ?? (values.data === undefined ? 'GET' : 'POST');
  const response = await fetch(positionals[0] ?? '', { method, headers, body: values.data ?? null });
  const text = (await response.text()).trimEnd();
  if (!values.include) return text;
  const fields = [...response.headers].map(([name, value]) => `${name}: ${value}\n`);
  return [`HTTP/1.1 ${response.status} ${response.statusText}\n`, ...fields, '\n', text].join('');
}

test('docs/rest.md: every example answers as it is printed', async () => {
  await using desk = await startDesk();
  const variables = new Map<string, string>();
  expect(examples.length).toBeGreaterThan(25);
  for (const { command, output } of examples) {
    const said = await run(command, variables);
    if (command.startsWith('BOX=')) variables.set('BOX', desk.url);
    const shown = output.split('…').map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&'));
    expect({ command, said }).toEqual({
      command,
      said: expect.stringMatching(new RegExp(`^${shown.join('.*')}$`, 's')) as string,
    });
  }
});
