/** images — which image a manifest means. Pure. */
import type { Manifest } from '../appstore/index.ts';
import { Failure } from '../base/errors.ts';

export type ImageDefaults = {
  /** Host that images without one are pulled from; `docker.io` is what Docker assumes anyway and is not written. */
  registryHost: string;
  registry: string;
  release: string;
  arch: Arch;
};
/** The platform's words for `linux/amd64` and `linux/arm64`. */
export type Arch = 'amd64' | 'arm64v8';

/** @throws Failure `image.invalid` on a processor that no image exists for */
export function archOf(nodeArch: string): Arch {
  if (nodeArch === 'x64') return 'amd64';
  if (nodeArch === 'arm64') return 'arm64v8';
  throw new Failure('image.invalid', `there are no images for the processor ${nodeArch}`, { arch: nodeArch });
}
/** The architecture that `docker image inspect` reports for ours. */
export const dockerArch = (arch: Arch): string => (arch === 'arm64v8' ? 'arm64' : arch);

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const reference = new RegExp(
  `^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]{1,5})?/)?${component}(?:/${component})*` +
    `(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[a-f0-9]{64})?$`,
);

/**
 * The references to look for, best first: the platform's `<registry>/<name>-<arch>:<tag>`, then the same without the
 * architecture (a multi-architecture image). A complete `docker-image` (with `/` and `:`) is taken as given.
 * @throws Failure `image.invalid` when the parts make no reference
 */
export function imageReferences(manifest: Manifest, defaults: ImageDefaults): [string, ...string[]] {
  const given = manifest['docker-image'] ?? manifest.name;
  const hosted = (name: string) => withHost(name, defaults.registryHost);
  if (given.includes('/') && given.includes(':')) return [checked(hosted(given))];
  const registry = manifest['docker-registry'] ?? defaults.registry;
  const tag = manifest['docker-image-tag'] ?? defaults.release;
  return [
    checked(hosted(`${registry}/${given}-${defaults.arch}:${tag}`)),
    checked(hosted(`${registry}/${given}:${tag}`)),
  ];
}

/** A first path element with a dot or a port is a host, as Docker itself decides; so is `localhost`. */
function withHost(name: string, host: string): string {
  const [first = ''] = name.split('/');
  const hasHost = name.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  return hasHost || host === 'docker.io' ? name : `${host}/${name}`;
}

function checked(name: string): string {
  if (reference.test(name) && name.length <= 255) return name;
  throw new Failure('image.invalid', `${name} is no image reference; the manifest's docker- fields make it`, {
    reference: name,
  });
}
