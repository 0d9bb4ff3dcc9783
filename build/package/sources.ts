/** sources — Databox as CommonJS texts: the program, and each thread that it starts, with all they import inside. */
import { build, type Metafile, type Plugin } from 'esbuild';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buildExamples } from '../examples.ts';
import { root } from './paths.ts';

/** Modules that are started as threads (`startWorker`); the binary finds them by these paths. */
export const workers = [
  'src/appstore/worker.ts',
  'src/ledger/worker.ts',
  'src/network/worker.ts',
  'src/store/sqlite/archivist.ts',
  'src/store/sqlite/reader.ts',
  'src/store/sqlite/writer.ts',
] as const;

/** What a source is bundled as; its path in the project. For a package of another version than this. */
export type Change = (path: string, text: string) => string;
const unchanged: Change = (_path, text) => text;

export type Sources = {
  main: string;
  workers: Record<string, string>;
  /** Files of the built examples, by their path in the project. */
  examples: Record<string, string>;
  metafiles: Metafile[];
};

/** Bundles the program and its threads. @throws when an import cannot be resolved, or would be outside the bundle */
export async function bundleSources(change = unchanged): Promise<Sources> {
  const main = await bundle('src/main.ts', change);
  const threads = await Promise.all(workers.map(async (path) => [path, await bundle(path, change)] as const));
  return {
    main: main.text,
    workers: Object.fromEntries(threads.map(([path, { text }]) => [path, text])),
    examples: Object.fromEntries(
      (await buildExamples()).flatMap(({ dir, name }) =>
        readdirSync(dir).map((file) => [`dist/examples/${name}/${file}`, join(dir, file)]),
      ),
    ),
    metafiles: [main.metafile, ...threads.map(([, { metafile }]) => metafile)],
  };
}

/** One module and all it imports, as a CommonJS text. @param path in the project */
export async function bundle(path: string, change = unchanged): Promise<{ text: string; metafile: Metafile }> {
  const { outputFiles, metafile } = await build({
    entryPoints: [path],
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node24',
    // A single executable's entry is CommonJS. Dynamic imports stay lazy: their modules run when first asked for.
    format: 'cjs',
    minifyWhitespace: true,
    minifySyntax: true,
    // Names stay: they are in logged stacks.
    keepNames: false,
    legalComments: 'none',
    logOverride: { 'empty-import-meta': 'silent' },
    logLevel: 'warning',
    metafile: true,
    write: false,
    plugins: [ownSources(change), sqlite, zeromq, english],
  });
  return { text: ascii(outputFiles[0]?.text ?? ''), metafile };
}

/**
 * Escapes what the bundler leaves, in regular expressions and tagged templates. V8 keeps a text with one character beyond
 * Latin-1 at two bytes for each: 3 MB more of memory.
 */
const ascii = (text: string): string =>
  text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** CommonJS has no `import.meta.url`: each of our sources sees its path in the project, which names what is bundled. */
const ownSources = (change: Change): Plugin => ({
  name: 'own-sources',
  setup(bundler) {
    bundler.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const name = relative(root, path);
      const text = change(name, readFileSync(path, 'utf8'));
      return { contents: text.replaceAll('import.meta.url', JSON.stringify(`file:///${name}`)), loader: 'ts' };
    });
  },
});

/** zod brings its messages in fifty languages, of which its default is used: a tenth of all that a start has to read. */
const english: Plugin = {
  name: 'english',
  setup(bundler) {
    bundler.onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: `export { default as en } from './en.js';`,
    }));
  },
};

/** better-sqlite3 looks for its native part in folders; ours is in the binary. */
const sqlite: Plugin = {
  name: 'sqlite',
  setup(bundler) {
    bundler.onResolve({ filter: /^better-sqlite3$/ }, () => ({ path: 'better-sqlite3', namespace: 'databox' }));
    bundler.onLoad({ filter: /.*/, namespace: 'databox' }, () => ({
      contents: `import { loadAddon } from './src/base/bundle.ts';
        import create from './node_modules/better-sqlite3/lib/database.js';
        import SqliteError from './node_modules/better-sqlite3/lib/sqlite-error.js';
        const Database = create(() => loadAddon('better_sqlite3', ''), false);
        Database.SqliteError = SqliteError;
        export default Database;`,
      resolveDir: root,
    }));
  },
};

/** The same of zeromq, whose loader looks for the machine that it runs on. */
const zeromq: Plugin = {
  name: 'zeromq',
  setup(bundler) {
    bundler.onLoad({ filter: /\/zeromq\/lib\/load-addon\.js$/ }, () => ({
      contents: `import { loadAddon } from './src/base/bundle.ts';
        export default loadAddon('zeromq', '');`,
      resolveDir: root,
    }));
  },
};
