/** What is shipped: runs on the oldest system, fits, and comes with its papers. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { addonNames } from '../../src/base/bundle.ts';
import { dist, work } from '../../build/package/paths.ts';
import { binaries } from './binaries.ts';

/** Debian 10's, the oldest that Node 24 runs on. */
const oldest = [2, 28];
const limitBytes = 130e6;

/** Every version of glibc that a file asks for, each as `[2, 17]`. */
function glibcOf(file: string): number[][] {
  const symbols = execFileSync('readelf', ['--version-info', '--wide', file], { encoding: 'utf8' });
  return [...symbols.matchAll(/Name: GLIBC_([\d.]+)/g)].map(([, version = '']) => version.split('.').map(Number));
}
const newer = (
  [major = 0, minor = 0]: readonly number[],
  [limitMajor = 0, limitMinor = 0]: readonly number[],
): boolean => major > limitMajor || (major === limitMajor && minor > limitMinor);

/** The native parts as they were compiled, one file for each of `addonNames`. */
const partsOf = (arch: string): string[] => globSync(join(work, `native-${arch}-*`, '*.node'));

describe.each(binaries)('$name', ({ name, file, arch }) => {
  test('asks for no glibc newer than 2.28, itself and in its native parts', () => {
    const parts = partsOf(arch);
    expect(parts.length).toBeGreaterThanOrEqual(addonNames.length);
    const asked = [file, ...parts].map((each) => ({ each, versions: glibcOf(each) }));
    expect(asked.filter(({ versions }) => versions.length === 0)).toEqual([]);
    expect(asked.filter(({ versions }) => versions.some((version) => newer(version, oldest)))).toEqual([]);
  });

  test('holds exactly these native parts, and those of no other processor', () => {
    const binary = readFileSync(file);
    const holds = (part: string) => binary.includes(readFileSync(part));
    expect(partsOf(arch).filter(holds)).toHaveLength(addonNames.length);
    expect(partsOf(arch === 'x64' ? 'arm64' : 'x64').filter(holds)).toEqual([]);
  });

  test('has an SQLite that waits for data and not for the time of a change', () => {
    const binary = readFileSync(file);
    const parts = partsOf(arch).filter((part) => basename(part) === 'better_sqlite3.node');
    const [inside = ''] = parts.filter((part) => binary.includes(readFileSync(part)));
    expect(execFileSync('readelf', ['--dyn-syms', '--wide', inside], { encoding: 'utf8' })).toMatch(/ UND fdatasync\b/);
  });

  test('is at most 130 MB', () => expect(statSync(file).size).toBeLessThanOrEqual(limitBytes));

  test('is in SHA256SUMS as it is', () => {
    const sum = createHash('sha256').update(readFileSync(file)).digest('hex');
    expect(readFileSync(join(dist, 'SHA256SUMS'), 'utf8').split('\n')).toContain(`${sum}  ${name}`);
  });
});

type Bill = { specVersion: string; components: { name: string; version: string; licenses: unknown[] }[] };

test('the bill of materials and the licences name what is inside', () => {
  const bill = JSON.parse(readFileSync(join(dist, 'databox.cdx.json'), 'utf8')) as Bill;
  const licences = readFileSync(join(dist, 'LICENCES.txt'), 'utf8');
  const names = bill.components.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['node', 'sqlite', 'better-sqlite3', 'express', 'zod']));
  expect(names).not.toContain('jest');
  for (const { name, version } of bill.components) expect(licences).toContain(`${name} ${version}: `);
});
