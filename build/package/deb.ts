/** deb — the Debian package: the program, its unit, manual page and completions, and what dpkg does with them. */
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { lutimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { run } from '../../src/base/run.ts';
import { debianChangelog, maintainer } from './changelog.ts';
import { unitText } from '../../src/cli/service/unit.ts';
import { dist, root, type Target, work } from './paths.ts';

export type Deb = {
  target: Target;
  version: string;
  /** Seconds since the Unix epoch: the time of every file in it. */
  epoch: number;
  /** The program; made before. */
  binary: string;
  /** The files that it knows, as shell patterns below its state folder, and of which version. */
  formats: readonly (readonly [files: string, version: number])[];
  /** Folder of the package. */
  to: string;
  /** How hard its data is compressed; a Pi unpacks gzip in seconds, xz in a minute. */
  compression: 'gzip' | 'none';
};

export const debArch = ({ arch }: Target): 'amd64' | 'arm64' => (arch === 'x64' ? 'amd64' : 'arm64');
export const debName = (target: Target, version: string): string => `databox_${version}_${debArch(target)}.deb`;

/** glibc as for the binary; the rest is what the program calls, and `deb-systemd-helper`. */
const depends = [
  ...['libc6 (>= 2.28)', 'libstdc++6 (>= 8)', 'init-system-helpers (>= 1.54)', 'iptables', 'ipset', 'iproute2', 'kmod'],
  'docker.io | docker-ce | docker-engine | moby-engine',
];

/** Makes `<to>/databox_<version>_<architecture>.deb`: the same content, the same bytes. @returns its path */
export async function makeDeb(deb: Deb): Promise<string> {
  const tree = join(work, `deb-${deb.target.arch}`);
  rmSync(tree, { recursive: true, force: true });
  for (const [path, { mode, text, copy }] of Object.entries(filesOf(deb))) {
    const file = join(tree, path);
    mkdirSync(dirname(file), { recursive: true });
    if (copy === undefined) writeFileSync(file, text ?? '');
    else copyFileSync(copy, file);
    chmodSync(file, mode);
  }
  writeControl(tree, deb);
  const paths = globSync('**/*', { cwd: tree }).map((path) => join(tree, path));
  for (const path of paths) {
    if (statSync(path).isDirectory()) chmodSync(path, 0o755);
    lutimesSync(path, deb.epoch, deb.epoch);
  }
  chmodSync(tree, 0o755);
  lutimesSync(tree, deb.epoch, deb.epoch);
  const file = join(deb.to, debName(deb.target, deb.version));
  const argv = ['--root-owner-group', `-Z${deb.compression}`, '--build', tree, file];
  await run('dpkg-deb', argv, { timeoutMs: 1_200_000, env: { SOURCE_DATE_EPOCH: String(deb.epoch) } });
  rmSync(tree, { recursive: true });
  return file;
}

type File = { mode: number; text?: string | Buffer; copy?: string };

const plain = (text: string | Buffer): File => ({ mode: 0o644, text });
const zipped = (text: string | Buffer): File => plain(gzipSync(text, { level: 9 }));

/** The manual page and the completions, by what is built of them in dist. */
function shellFiles(): Record<string, File> {
  const page = join(dist, 'man/databox.1');
  const completions = [
    ['databox', 'bash-completion/completions/databox'],
    ['_databox', 'zsh/vendor-completions/_databox'],
    ['databox.fish', 'fish/vendor_completions.d/databox.fish'],
  ].map(([from = '', to = '']) => [join(dist, 'completion', from), `usr/share/${to}`] as const);
  return {
    ...(existsSync(page) && { 'usr/share/man/man1/databox.1.gz': zipped(readFileSync(page)) }),
    ...Object.fromEntries(
      completions.filter(([from]) => existsSync(from)).map(([from, to]) => [to, plain(readFileSync(from))]),
    ),
  };
}

function filesOf({ binary, version, epoch }: Deb): Record<string, File> {
  const licence = readFileSync(join(root, 'LICENSE'), 'utf8');
  const places = { program: '/usr/bin/databox', config: '/etc/databox/config.json' };
  return {
    'usr/bin/databox': { mode: 0o755, copy: binary },
    'usr/lib/databox/update': { mode: 0o755, copy: join(root, 'scripts/lib/update') },
    'lib/systemd/system/databox.service': plain(unitText(places)),
    // It may come to hold a password.
    'etc/databox/config.json': { mode: 0o600, text: '{}\n' },
    ...shellFiles(),
    'usr/share/doc/databox/LICENCES.gz': zipped(readFileSync(join(dist, 'LICENCES.txt'))),
    'usr/share/doc/databox/copyright': plain(copyrightOf(licence)),
    'usr/share/doc/databox/changelog.gz': zipped(
      debianChangelog(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version, epoch),
    ),
  };
}

/** The licence, indented as the machine-readable format wants it. */
function copyrightOf(licence: string): string {
  const indented = licence
    .trim()
    .split('\n')
    .map((line) => (line.trim() === '' ? ' .' : ` ${line}`));
  return `${readFileSync(join(root, 'build/deb/copyright'), 'utf8')}${indented.join('\n')}\n`;
}

function writeControl(tree: string, { target, version, formats }: Deb): void {
  const files = globSync('**/*', { cwd: tree })
    .filter((path) => statSync(join(tree, path)).isFile())
    .sort();
  const kilobytes = files.reduce((sum, path) => sum + Math.ceil(statSync(join(tree, path)).size / 1024), 0);
  const sums = files
    .filter((path) => !path.startsWith('etc/'))
    .map(
      (path) =>
        `${createHash('md5')
          .update(readFileSync(join(tree, path)))
          .digest('hex')}  ${path}\n`,
    );
  const dir = join(tree, 'DEBIAN');
  mkdirSync(dir);
  const put = (name: string, text: string, mode = 0o644) => {
    writeFileSync(join(dir, name), text);
    chmodSync(join(dir, name), mode);
  };
  const known = formats.map(([files, newest]) => `*/${files}) newest=${newest} ;;`).join('\n      ');
  put('control', controlOf(target, version, kilobytes));
  put('conffiles', '/etc/databox/config.json\n');
  put('md5sums', sums.join(''));
  for (const name of ['preinst', 'postinst', 'prerm', 'postrm']) {
    const text = readFileSync(join(root, 'build/deb', name), 'utf8');
    put(name, text.replaceAll('@version@', version).replaceAll('@formats@', known), 0o755);
  }
}

const controlOf = (target: Target, version: string, kilobytes: number): string => `Package: databox
Version: ${version}
Architecture: ${debArch(target)}
Maintainer: ${maintainer}
Installed-Size: ${kilobytes}
Depends: ${depends.join(', ')}
Recommends: ca-certificates, systemd
Section: net
Priority: optional
Homepage: https://github.com/me-box/databox
Description: personal data platform for the home
 Databox runs third-party drivers, which bring data in, and apps, which use it, as
 containers. It keeps their data in stores on this machine, and decides in the
 kernel and in DNS who may reach whom: no app sees, reaches or sends anything
 that its owner did not agree to.
`;
