import { Failure } from '../base/errors.ts';
import type { FoundFile } from './limits.ts';
import { parseManifest, type ParsedManifest } from './manifest.ts';
import type { FileRow } from './sql.ts';
import type { BrokenFile, Clash, Entry } from './types.ts';

/** One origin of manifests, in the order in which names are won. */
export type Source = { origin: string; commit: string | null; files: readonly FileRow[] };
export type Offers = {
  entries: Map<string, Entry>;
  byOrigin: Map<string, { manifests: number; broken: BrokenFile[]; clashes: Clash[] }>;
};

const faultsOf = (err: unknown): string[] => {
  if (err instanceof Failure && err.code === 'manifest.invalid') return err.details['faults'] as string[];
  throw err;
};

/** What is kept of a found file: the text of a valid manifest, or why there is none. */
export function judgeFile(found: FoundFile): FileRow {
  const { file } = found;
  const broken = (faults: string[]): FileRow => ({ file, manifest: null, faults: JSON.stringify(faults) });
  if ('fault' in found) return broken([found.fault]);
  let value: unknown;
  try {
    // A byte order mark is skipped; other encodings are no valid UTF-8 or no JSON.
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(found.bytes));
  } catch {
    return broken(['manifest: is no JSON in UTF-8']);
  }
  try {
    parseManifest(value);
    return { file, manifest: JSON.stringify(value), faults: null };
  } catch (err) {
    return broken(faultsOf(err));
  }
}

/**
 * What is offered: each name once, from the first origin that has it. Manifests are judged again on the way, because
 * rules may have become stricter since they were kept.
 */
export function offersOf(sources: readonly Source[]): Offers {
  const offers: Offers = { entries: new Map(), byOrigin: new Map() };
  for (const { origin, commit, files } of sources) {
    const account = { manifests: 0, broken: [] as BrokenFile[], clashes: [] as Clash[] };
    offers.byOrigin.set(origin, account);
    for (const row of files) {
      const parsed = reparse(row);
      if (Array.isArray(parsed)) {
        account.broken.push({ file: row.file, faults: parsed });
        continue;
      }
      account.manifests++;
      const { name } = parsed.manifest;
      const holder = offers.entries.get(name);
      if (holder) account.clashes.push({ name, file: row.file, heldBy: holder.origin });
      else offers.entries.set(name, { ...parsed, origin, commit });
    }
  }
  return offers;
}

function reparse({ manifest, faults }: FileRow): ParsedManifest | string[] {
  if (manifest === null) return JSON.parse(faults ?? '[]') as string[];
  try {
    return parseManifest(JSON.parse(manifest));
  } catch (err) {
    return faultsOf(err);
  }
}

/** Whether every word of the text is somewhere in what an entry tells about itself. */
export function matches({ manifest }: Entry, text: string): boolean {
  const about = [
    ...[manifest.name, manifest.displayName ?? '', manifest.description, manifest.author, ...manifest.tags],
    ...manifest.provides.map((provided) => provided['data-source-type']),
    ...manifest.datasources.map(({ type }) => type),
  ]
    .join('\n')
    .toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => about.includes(word));
}
