/** This machine's Python in an image, as the published one that cannot be pulled here. */
import { cpSync, copyFileSync, existsSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { run } from '../../../src/base/run.ts';
import type { Engine } from './engine.ts';
import type { House } from './house.ts';
import { probeImage } from './images.ts';

/** Folders of the standard library that no component imports, and most of its bytes. */
const unneeded = ['test', 'idlelib', 'lib2to3', 'ensurepip', 'tkinter', 'pydoc_data', '__pycache__'];

/** Builds `tag` over the probe image: Python, its standard library, and what its parts are linked to. */
export async function loadPythonImage({ dir }: House, engine: Engine, tag: string): Promise<void> {
  const root = join(dir, 'python');
  const python = realpathSync('/usr/bin/python3');
  const script = 'import sysconfig; print(sysconfig.get_path("stdlib"))';
  const library = (await run(python, ['-c', script])).trim();
  const wanted = (path: string) => !unneeded.includes(basename(path)) && existsSync(path);
  cpSync(library, join(root, library), { recursive: true, dereference: true, filter: wanted });
  const parts = await run('find', [join(library, 'lib-dynload'), '-name', '*.so']);
  const linked = await run('ldd', [python, ...parts.split('\n')]);
  for (const [, file = ''] of linked.matchAll(/(\/\S+) \(0x/g)) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    copyFileSync(file, join(root, file));
  }
  mkdirSync(join(root, 'bin'), { recursive: true });
  copyFileSync(python, join(root, 'bin/python3'));
  writeFileSync(join(root, 'Dockerfile'), `FROM ${probeImage}\nCOPY . /\nENV PYTHONHOME=/usr\n`);
  await engine.docker(['build', '-q', '-t', tag, root]);
  rmSync(root, { recursive: true });
}
