/** examples — the example drivers and apps that come with Databox, each a folder that `docker build` takes. */
import { bundledFiles } from './bundle.ts';

export type Example = {
  name: string;
  /** Dockerfile, databox-manifest.json and main.js, by file name. */
  files: ReadonlyMap<string, Uint8Array>;
};

/** Sorted by name; `[]` in a checkout that was not built (`npm run build`). */
export function examples(): Example[] {
  const byName = new Map<string, Map<string, Uint8Array>>();
  for (const [path, bytes] of bundledFiles(new URL('../../dist/examples/', import.meta.url))) {
    const [name = '', file = ''] = path.split('/');
    byName.set(name, (byName.get(name) ?? new Map<string, Uint8Array>()).set(file, bytes));
  }
  return [...byName].map(([name, files]) => ({ name, files })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Their manifests, as an app store takes files. */
export const exampleManifests = (): { file: string; bytes: Uint8Array }[] =>
  examples().flatMap(({ name, files }) => {
    const bytes = files.get('databox-manifest.json');
    return bytes ? [{ file: `${name}.json`, bytes }] : [];
  });
