/**
 * A program that loads what the storage threads of a box load, and writes the compile cache: threads end without doing so.
 * A thread that finds nothing there loads Node's compiler of TypeScript, and holds 24 MB that no thread of the single binary has.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const flushed = `
  import(process.argv[2]).then(() => {
    process.getBuiltinModule('module').flushCompileCache();
    process.exit();
  });`;

for (const name of ['reader', 'writer']) {
  const url = new URL(`../../../src/store/sqlite/${name}.ts`, import.meta.url);
  const [code] = (await once(new Worker(flushed, { eval: true, argv: [url.href] }), 'exit')) as [number];
  if (code !== 0) throw new Error(`the ${name} cannot be compiled`);
}
