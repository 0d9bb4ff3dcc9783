import { isAbsolute, normalize } from 'node:path';
import { Failure } from '../base/errors.ts';

/** Where manifests are read from: a git server over https, or a folder of this machine. */
export type Address = { kind: 'git'; url: string } | { kind: 'folder'; url: string };

/**
 * What a repository's address means. Everything but https and absolute folders is refused: `file:`, `ext::`, ssh,
 * options, user names in the address.
 * @throws Failure `repository.invalid`
 */
export function addressOf(text: string): Address {
  const refuse = (why: string) => new Failure('repository.invalid', `the repository’s address ${why}`, { url: text });
  // eslint-disable-next-line no-control-regex
  if (text.length > 2_000 || /[\u0000-\u0020\u007f\\]/.test(text)) throw refuse('must not hold spaces or \\');
  if (isAbsolute(text)) {
    if (normalize(text) !== text) throw refuse('must be a plain absolute path');
    return { kind: 'folder', url: text.length > 1 ? text.replace(/\/$/, '') : text };
  }
  if (!/^https:\/\//i.test(text) || !URL.canParse(text))
    throw refuse('must begin with https:// or be an absolute path');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw refuse('must not hold a user name or password');
  if (url.search !== '' || url.hash !== '' || /[?#]/.test(text)) throw refuse('must not hold ? or #');
  return { kind: 'git', url: url.href.replace(/\/+$/, '') };
}
