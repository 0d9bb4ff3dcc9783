/** The Debian packages: what dpkg is told, and what it puts where. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { debArch, debName } from '../../build/package/deb.ts';
import { dist, targets } from '../../build/package/paths.ts';
import { packageVersion } from '../../build/package/release.ts';

const packages = targets.map((target) => ({
  arch: debArch(target),
  file: join(dist, debName(target, packageVersion)),
  target,
}));
const ask = (...argv: string[]): string => execFileSync('dpkg-deb', argv, { encoding: 'utf8', maxBuffer: 2 ** 28 });

describe.each(packages)('$arch', ({ arch, file, target }) => {
  test('names its architecture, version and what it depends on', () => {
    expect(ask('--field', file, 'Package', 'Version', 'Architecture')).toBe(
      `Package: databox\nVersion: ${packageVersion}\nArchitecture: ${arch}\n`,
    );
    const depends = ask('--field', file, 'Depends').trim().split(', ');
    expect(depends).toEqual(
      expect.arrayContaining(['libc6 (>= 2.28)', 'iptables', 'docker.io | docker-ce | docker-engine | moby-engine']),
    );
  });

  test('puts its files in their places, all of them root’s, and none that others may write', () => {
    const lines = ask('--contents', file).trim().split('\n');
    const modes = new Map(lines.map((line) => [line.split(/\s+/).at(-1), line.slice(0, 10)]));
    expect(lines.filter((line) => !/^\S+ root\/root /.test(line) || /^.{5}w|^.{8}w/.test(line))).toEqual([]);
    expect(modes.get('./usr/bin/databox')).toBe('-rwxr-xr-x');
    expect(modes.get('./usr/lib/databox/update')).toBe('-rwxr-xr-x');
    expect(modes.get('./etc/databox/config.json')).toBe('-rw-------');
    for (const path of ['lib/systemd/system/databox.service', 'usr/share/doc/databox/copyright']) {
      expect([path, modes.get(`./${path}`)]).toEqual([path, '-rw-r--r--']);
    }
  });

  test('holds the binary as it lies beside it, and is in SHA256SUMS', () => {
    const listed = readFileSync(join(dist, 'SHA256SUMS'), 'utf8').split('\n');
    const sum = createHash('sha256').update(readFileSync(file)).digest('hex');
    expect(listed).toContain(`${sum}  ${debName(target, packageVersion)}`);
    const md5 = createHash('md5')
      .update(readFileSync(join(dist, target.file)))
      .digest('hex');
    expect(ask('--info', file, 'md5sums').split('\n')).toContain(`${md5}  usr/bin/databox`);
  });
});
