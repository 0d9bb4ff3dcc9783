/** papers — what is laid beside the binaries: sums, the licences of all they hold, and a bill of materials. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Part } from './inventory.ts';
import { dist } from './paths.ts';

/** As `sha256sum --check SHA256SUMS` reads it. */
export function writeSums(files: readonly string[]): void {
  const lines = files.map(
    (file) => `${createHash('sha256').update(readFileSync(file)).digest('hex')}  ${basename(file)}`,
  );
  writeFileSync(join(dist, 'SHA256SUMS'), `${lines.join('\n')}\n`);
}

export function writeLicences(parts: readonly Part[]): void {
  const list = parts.map(({ name, version, license }) => `${name} ${version}: ${license}`).join('\n');
  const texts = parts.flatMap(({ name, version, text }) =>
    text ? [`${'='.repeat(80)}\n${name} ${version}\n${'='.repeat(80)}\n\n${text}`] : [],
  );
  const head = 'Databox is under the MIT licence. Its binaries hold, besides:';
  writeFileSync(join(dist, 'LICENCES.txt'), `${head}\n\n${list}\n\n${texts.join('\n\n')}\n`);
}

/** CycloneDX 1.5. Without a serial number and a time: the same build has the same bill. */
export function writeBill(version: string, parts: readonly Part[]): void {
  const components = parts.map(({ name, version, license }) => ({
    type: name === 'node' ? 'platform' : 'library',
    ...{ name, version },
    licenses: [isSpdxId(license) ? { license: { id: license } } : { expression: license }],
    ...(isNpm(name) && { purl: `pkg:npm/${name.replace('@', '%40')}@${version}` }),
  }));
  const metadata = { component: { type: 'application', name: 'databox', version } };
  const bill = { bomFormat: 'CycloneDX', specVersion: '1.5', version: 1, metadata, components };
  writeFileSync(join(dist, 'databox.cdx.json'), `${JSON.stringify(bill, null, 2)}\n`);
}

const isSpdxId = (license: string): boolean => /^[\w.-]+$/.test(license);
const isNpm = (name: string): boolean => name !== 'node' && name !== 'sqlite' && !name.includes(' ');
