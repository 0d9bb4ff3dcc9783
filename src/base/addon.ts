/** addon — our own native parts, by the functions that each must offer. */
import { loadAddon } from './bundle.ts';
import { Failure, type FailureCode } from './errors.ts';

type Wanted<T> = {
  name: 'nfqueue' | 'notify' | 'relay';
  functions: readonly (keyof T & string)[];
  /** Of the failure; default `internal`. */
  code?: FailureCode;
};

/**
 * Loads an addon, from where `npm run build` puts it or from the single binary.
 * @throws Failure of that code when it is missing or of another version
 */
export function ownAddon<T>({ name, functions, code = 'internal' }: Wanted<T>): T {
  const file = new URL(`../../dist/native/${name}-${process.arch}.node`, import.meta.url).pathname;
  try {
    const addon = loadAddon(name, file) as Record<string, unknown>;
    if (functions.every((each) => typeof addon[each] === 'function')) return addon as T;
    throw new Error('the addon is of another version');
  } catch (cause) {
    throw new Failure(code, `${file} cannot be loaded: run npm run build`, { file }, { cause });
  }
}
