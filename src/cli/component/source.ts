/** source — what stands behind a word on the command line: an example, a folder, or a git repository. Pure. */
import { Failure } from '../../base/errors.ts';

export type Source =
  | { kind: 'example'; name: string }
  | { kind: 'folder'; path: string }
  /** `name` is the last part of the address, without `.git`. */
  | { kind: 'git'; url: string; ref: string | undefined; name: string };

export type Known = {
  /** Names of the examples that come with Databox. */
  examples: readonly string[];
  /** Whether there is a folder of this path with a manifest in it. */
  isComponent: (path: string) => boolean;
};

/** Of the project whose components the original installed by their bare name. */
const defaultUser = 'me-box';
const user = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})';
const repo = '(?!\\.{1,2}(?:#|$))[A-Za-z0-9._-]{1,100}';

/**
 * `driver-x` is the example of that name, else the repository of user me-box; `USER/REPO` is on GitHub, unless a folder
 * of that path here holds a manifest; `#REF` behind a repository is a tag or branch. A path begins with `.` or `/`.
 * @throws Failure `usage`
 */
export function sourceOf(what: string, { examples, isComponent }: Known): Source {
  if (/^[./]/.test(what) || (what.includes('/') && !what.includes(':') && isComponent(what))) {
    return { kind: 'folder', path: what };
  }
  if (examples.includes(what)) return { kind: 'example', name: what };
  const [address = '', ref, more] = what.split('#');
  if (more === undefined && (ref === undefined || isRef(ref))) {
    if (/^https:\/\/[^/]+\/./.test(address)) return gitSource(address, ref);
    if (new RegExp(`^${user}/${repo}$`).test(address)) return gitSource(`https://github.com/${address}`, ref);
    if (new RegExp(`^${repo}$`).test(address)) return gitSource(`https://github.com/${defaultUser}/${address}`, ref);
  }
  throw new Failure(
    'usage',
    `${what} is neither an example, nor USER/REPO on GitHub, an https address or a path such as ./driver-x`,
  );
}

const gitSource = (url: string, ref: string | undefined): Source => ({
  ...{ kind: 'git', url, ref },
  name: (url.replace(/\/+$/, '').split('/').at(-1) ?? '').replace(/\.git$/, ''),
});

const isRef = (ref: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$/.test(ref) && !ref.includes('..');
