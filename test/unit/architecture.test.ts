import { readFileSync, statSync } from 'node:fs';
import { globSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const siblings = ['appstore', 'export', 'network', 'arbiter', 'store', 'ledger'];
/** Who may import whom, by face; main and the composition roots (compose, dev, testmode, state, wipe) and api, which no running code imports, may import every part. The client runs in other people's containers. */
const mayImport: Record<string, readonly string[]> = {
  base: [],
  client: [],
  ui: ['client'],
  cli: ['base'],
  zest: ['base'],
  systemd: ['base'],
  manager: ['base', ...siblings],
  ...Object.fromEntries(siblings.map((part) => [part, ['base']])),
};
const onlyIn: readonly (readonly [what: RegExp, where: RegExp, rule: string])[] = [
  [
    /\bprocess\.(env|exit)\b/,
    /^src\/(main\.ts|cli\/|client\/)/,
    'process.env and process.exit belong to main, cli and client',
  ],
  [/from '(execa|node:child_process)'/, /^src\/base\/run\.ts$/, 'programs are run by base/run.ts'],
  [/\b(SELECT|INSERT|UPDATE|DELETE FROM) /, /\/sql(\.[a-z]+)?\.ts$|\/sql\//, 'SQL lives in sql.ts'],
  [
    /((?<![<>!])= |\bIS |\bLIMIT |\bOFFSET )[?@]/,
    /^(?!src\/(store\/sql\/|ledger\/sql))/,
    'SQLite would plan this statement anew each time (base/sqlite.ts): write +@name',
  ],
  [
    /from '(node:|execa)/,
    /^(?!.*\/(tables|plan|manifest|sla|rules|grammar|judge|unit|sentence|refusal)\.ts$)/,
    'a pure file imports no I/O',
  ],
];

type Source = { path: string; part: string; text: string; imports: string[] };
const sources: Source[] = globSync('src/**/*.ts').map((path) => {
  const text = readFileSync(path, 'utf8');
  const imports = [...text.matchAll(/(?:from|import)\s*\(?'(\.[^']+)'/g)].map((match) =>
    relative('.', join(dirname(path), match[1] ?? '')),
  );
  return { path, part: path.split('/')[1]?.replace('.ts', '') ?? '', text, imports };
});

test('there is something to check', () => expect(sources.length).toBeGreaterThan(8));

test('parts import only those below them, by their face', () => {
  const faults = sources.flatMap(({ path, part, imports }) =>
    imports.flatMap((target) => {
      const [, other = ''] = target.split('/');
      if (['main', 'compose', 'dev', 'testmode', 'state', 'wipe', 'api'].includes(part) || other === part) return [];
      if (!(mayImport[part] ?? []).includes(other)) return [`${path}: ${part} may not import ${other}`];
      const face = other === 'base' || /^src\/[a-z]+\/index\.ts$/.test(target);
      return face ? [] : [`${path}: enter ${other} by its face`];
    }),
  );
  expect(faults).toEqual([]);
});

test('the manager takes only types of its siblings', () => {
  const faults = sources
    .filter(({ part }) => part === 'manager')
    .flatMap(({ path, text }) =>
      [...text.matchAll(/^import (?!type).*from '\.\.\/(\w+)\//gm)]
        .filter((match) => siblings.includes(match[1] ?? ''))
        .map((match) => `${path}: imports a value of ${match[1]}`),
    );
  expect(faults).toEqual([]);
});

test.each(onlyIn)('%s only in %s', (what, where, rule) => {
  const faults = sources.filter(({ path, text }) => what.test(code(text)) && !where.test(path)).map(({ path }) => path);
  expect({ rule, faults }).toEqual({ rule, faults: [] });
});

test('no file is over 300 lines', () => {
  const tall = ['{src,scripts,build,test,examples}/**/*.{ts,c,h,js}', 'clients/**/*.py', 'scripts/*']
    .flatMap((pattern) => globSync(pattern, { exclude: (name) => name === 'node_modules' }))
    .filter((path) => statSync(path).isFile() && /\.(ts|c|h|js|py)$|^scripts\/[a-z-]+$/.test(path))
    .filter((path) => readFileSync(path, 'utf8').split('\n').length > 301);
  expect(tall).toEqual([]);
});

test('imports have no cycle', () => {
  const edges = new Map(sources.map(({ path, imports }) => [path, imports]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) return void cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
    if (done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  expect(cycles).toEqual([]);
});

/** Source without comments, so that prose may name what code may not do. */
function code(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
}
