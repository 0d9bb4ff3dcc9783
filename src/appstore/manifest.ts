import { Failure } from '../base/errors.ts';
import { faultsOf, warningsOf } from './rules.ts';
import { Manifest, withoutNulls } from './schema.ts';

export type { Manifest, ManifestDatasource } from './schema.ts';

/** Bytes that a manifest may have as JSON text. */
export const manifestLimitBytes = 256 * 1024;
const deepest = 20;

export type ParsedManifest = {
  manifest: Manifest;
  /** Sentences for whoever reviews it; each begins with the field. */
  warnings: string[];
};

/**
 * Validates what an app or driver asks for. Unknown members are kept, `null` is absent, other spellings
 * (`licence`, `risk`, `store-url`, `tsblob` …) become the documented one.
 * @param value parsed JSON, of anybody
 * @throws Failure `manifest.invalid`; `details.faults` lists every fault as a sentence that begins with its field
 */
export function parseManifest(value: unknown): ParsedManifest {
  const shape = faultOfShape(value);
  if (shape) throw invalid([shape]);
  const warnings: string[] = [];
  const folded = fold(value as Record<string, unknown>, warnings);
  const parsed = Manifest.safeParse(folded);
  if (!parsed.success) {
    throw invalid(parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'manifest'}: ${message}`));
  }
  const faults = faultsOf(parsed.data);
  if (faults.length > 0) throw invalid(faults);
  return { manifest: parsed.data, warnings: [...new Set([...warnings, ...warningsOf(parsed.data)])] };
}

const invalid = (faults: string[]) =>
  new Failure('manifest.invalid', `the manifest is not valid: ${faults.slice(0, 5).join('; ')}`, { faults });

function faultOfShape(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'manifest: must be a JSON object';
  const depth = depthOf(value, 0);
  if (depth > deepest) return `manifest: nests deeper than ${deepest}`;
  if (depth < 0) return 'manifest: a member is named __proto__';
  const bytes = new TextEncoder().encode(JSON.stringify(value)).length;
  return bytes > manifestLimitBytes ? `manifest: has more than ${manifestLimitBytes} bytes` : undefined;
}

/** Nesting of a value, cut off as soon as it is too deep; -1 when a member is named `__proto__`. */
function depthOf(value: unknown, above: number): number {
  if (typeof value !== 'object' || value === null || above > deepest) return above;
  if (Object.hasOwn(value, '__proto__')) return -1;
  let found = above + 1;
  for (const member of Object.values(value)) {
    const depth = depthOf(member, above + 1);
    if (depth < 0) return depth;
    found = Math.max(found, depth);
  }
  return found;
}

/** One spelling of everything that manifests spell in several ways. */
function fold(raw: Record<string, unknown>, warnings: string[]): Record<string, unknown> {
  const manifest = withoutNulls(raw) as Record<string, unknown>;
  if (manifest['manifest-version'] === undefined) warnings.push('manifest-version: is missing; 1 is assumed');
  rename(manifest, { licence: 'license', 'store-url': 'storeUrl' }, warnings);
  for (const field of ['docker-image', 'docker-registry', 'docker-image-tag', 'displayName', 'storeUrl', 'homepage']) {
    if (manifest[field] === '') delete manifest[field];
  }
  for (const field of ['homepage', 'storeUrl']) {
    if (typeof manifest[field] === 'string' && !/^https?:\/\/\S+$/i.test(manifest[field])) {
      warnings.push(`${field}: is no http address and is left out`);
      delete manifest[field];
    }
  }
  manifest['repository'] = foldRepository(manifest['repository'], warnings);
  if (manifest['repository'] === undefined) delete manifest['repository'];
  foldEach(manifest, 'packages', (item) => rename(item, { risk: 'risks' }, warnings));
  foldEach(manifest, 'external-whitelist', (item) => {
    if (item['urls'] === undefined && typeof item['url'] === 'string') {
      item['urls'] = [item['url']];
      delete item['url'];
      warnings.push('external-whitelist: url is read as urls');
    }
  });
  return manifest;
}

function foldRepository(value: unknown, warnings: string[]): unknown {
  const repository = withoutNulls(value);
  if (typeof repository !== 'object' || repository === null || Array.isArray(repository)) return repository;
  const { Type, ...rest } = repository as Record<string, unknown>;
  const folded: Record<string, unknown> = { ...(Type !== undefined && { type: Type }), ...rest };
  const url = folded['url'];
  if (typeof url === 'string' && url !== '' && !/^((git\+)?(https?|ssh)|git):\/\/\S+$/i.test(url)) {
    warnings.push('repository: url is no git address and is left out');
    delete folded['url'];
  }
  return folded;
}

function foldEach(manifest: Record<string, unknown>, field: string, change: (item: Record<string, unknown>) => void) {
  const list = manifest[field];
  if (!Array.isArray(list)) return;
  manifest[field] = list.map((item: unknown) => {
    const copy = withoutNulls(item);
    if (typeof copy === 'object' && copy !== null && !Array.isArray(copy)) change(copy as Record<string, unknown>);
    return copy;
  });
}

function rename(item: Record<string, unknown>, names: Record<string, string>, warnings: string[]): void {
  for (const [given, meant] of Object.entries(names)) {
    if (item[given] === undefined) continue;
    warnings.push(`${given}: is read as ${meant}`);
    item[meant] ??= item[given];
    delete item[given];
  }
}
