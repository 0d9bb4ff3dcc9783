/** base-image — a base for the examples' images where no registry can be reached: this machine's Node 24 and its libraries. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs docker with these arguments. */
export type Docker = (argv: readonly string[]) => Promise<unknown>;

/** The Node that npm installed; else the one that runs this. */
function nodeBinary(): string {
  const ours = join(root, `node_modules/node-linux-${process.arch}/bin/node`);
  return existsSync(ours) ? ours : process.execPath;
}

/** Paths of the loader and the shared libraries of a program, as `ldd` names them. */
export function librariesOf(program: string): string[] {
  const lines = execFileSync('ldd', [program], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => /(?:=>\s*)?(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}

/**
 * Imports an image that holds `node` and nothing else: no shell, no package manager, a user `node` with uid 1000.
 * @param tag  for example `databox-base:24`
 */
export async function buildBaseImage(docker: Docker, tag: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'databox-base-'));
  try {
    const files = join(folder, 'files');
    const put = (from: string, to: string): void => {
      mkdirSync(dirname(join(files, to)), { recursive: true });
      copyFileSync(from, join(files, to));
    };
    const node = nodeBinary();
    put(node, '/usr/local/bin/node');
    for (const library of librariesOf(node)) put(library, library);
    for (const dir of ['etc', 'run', 'tmp']) mkdirSync(join(files, dir), { recursive: true });
    writeFileSync(join(files, 'etc/passwd'), 'root:x:0:0::/:\nnode:x:1000:1000::/tmp:\n');
    writeFileSync(join(files, 'etc/group'), 'root:x:0:\nnode:x:1000:\n');
    const archive = join(folder, 'base.tar');
    // Owned by root and readable by all, whoever builds it under whatever umask.
    const owner = ['--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX'];
    execFileSync('tar', ['-C', files, ...owner, '-cf', archive, '.'], { stdio: ['ignore', 'ignore', 'inherit'] });
    const changes = ['ENV PATH=/usr/local/bin', 'ENTRYPOINT ["node"]'].flatMap((change) => ['--change', change]);
    await docker(['import', ...changes, archive, tag]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const tag = process.argv[2] ?? 'databox-base:24';
  await buildBaseImage((argv) => Promise.resolve(execFileSync('docker', argv, { stdio: 'inherit' })), tag);
}
