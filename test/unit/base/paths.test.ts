import fc from 'fast-check';
import { canonicalPath, covers, pathOfUrl } from '../../../src/base/paths.ts';
import { Failure } from '../../../src/base/errors.ts';

const codeOf = (run: () => unknown): string => {
  try {
    return `no failure: ${JSON.stringify(run())}`;
  } catch (err) {
    return err instanceof Failure ? err.code : String(err);
  }
};

test.each([
  '/',
  '/ts/temp',
  '/ts/temp/*',
  '/kv/a b/ü',
  '/ts/a,b/last/5',
  '/ts/t/latest/filter/room/equals/what?',
  '/kv/;x=1',
])('paths: %s is canonical', (path) => expect(canonicalPath(path)).toBe(path));

test.each([
  ['no leading slash', 'ts/temp'],
  ['empty', ''],
  ['trailing slash', '/ts/temp/'],
  ['doubled slash', '/ts//temp'],
  ['dot segment', '/ts/./temp'],
  ['parent segment', '/ts/temp/../other'],
  ['percent sign', '/ts/%74emp'],
  ['backslash', '/ts\\temp'],
  ['NUL', '/ts/\0'],
  ['line break', '/ts/a\nb'],
  ['right-to-left mark', '/ts/\u200fa'],
  ['lone surrogate', '/ts/\ud800'],
  ['decomposed letter', '/kv/u\u0308'],
  ['inner wildcard', '/ts/*/latest'],
  ['10 KB', `/${'a'.repeat(10_240)}`],
])('paths: %s is refused', (_, path) => expect(codeOf(() => canonicalPath(path))).toBe('path.invalid'));

/** What a path may be, one character after the other: said otherwise than where it is decided. */
function isCanonical(path: string): boolean {
  if (path === '/') return true;
  if ([...path].some((one) => one === '%' || one === '\\' || /^[\p{C}\p{Zl}\p{Zp}]$/u.test(one))) return false;
  const [before, ...segments] = path.split('/');
  const isPlain = (segment: string): boolean => segment !== '' && segment !== '.' && segment !== '..';
  const star = path.indexOf('*');
  const isWhole = star === -1 || star === path.length - 1;
  return before === '' && segments.length > 0 && segments.every(isPlain) && isWhole && path === path.normalize('NFC');
}

test('paths: whatever a path is made of, the rules decide', () => {
  const parts = [
    '/',
    '/',
    '/ts',
    'a',
    '0',
    '_',
    '.',
    '..',
    '~',
    ',',
    ':',
    '@',
    '-',
    '*',
    '%',
    ' ',
    '\\',
    '\n',
    '\0',
    'ü',
    'u\u0308',
    ';',
  ];
  const paths = fc.array(fc.constantFrom(...parts), { maxLength: 8 }).map((some) => some.join(''));
  fc.assert(
    fc.property(paths, (path) => expect(codeOf(() => canonicalPath(path)) === 'path.invalid').toBe(!isCanonical(path))),
    { numRuns: 5_000 },
  );
});

test.each([
  ['plain', '/ts/temp/latest', '/ts/temp/latest'],
  ['decoded once', '/ts/%74emp/a%20b', '/ts/temp/a b'],
  ['query apart', '/ts/temp?path=/ts/other', '/ts/temp'],
  ['UTF-8', '/kv/%C3%BC', '/kv/ü'],
])('paths of URLs: %s', (_, url, path) => expect(pathOfUrl(url).path).toBe(path));

test.each([
  ['encoded slash', '/ts%2Ftemp'],
  ['doubly encoded slash', '/ts%252Ftemp'],
  ['encoded dots', '/ts/%2e%2e/other'],
  ['encoded NUL', '/ts/%00'],
  ['overlong UTF-8', '/ts/%c0%ae%c0%ae'],
  ['cut escape', '/ts/%2'],
  ['absolute form', 'http://arbiter/token'],
  ['authority', '//arbiter/token'],
])('paths of URLs: %s is refused', (_, url) => expect(codeOf(() => pathOfUrl(url))).toBe('path.invalid'));

test('paths of URLs: the query is parsed', () => expect(pathOfUrl('/a?timeout=2.5').query.get('timeout')).toBe('2.5'));

test.each([
  ['/ts/temp', '/ts/temp', true],
  ['/ts/temp', '/ts/temperature', false],
  ['/ts/temp', '/ts/temp/latest', false],
  ['/ts/temp/*', '/ts/temp/latest', true],
  ['/ts/temp/*', '/ts/temp/at/5', true],
  ['/ts/temp/*', '/ts/temp/*', true],
  ['/ts/temp/*', '/ts/temp', false],
  ['/ts/temp/*', '/ts/temp/', false],
  ['/ts/temp/*', '/ts/temperature/latest', false],
  ['/ts/temp/*', '/ts/Temp/latest', false],
  ['/*', '/', false],
  ['/*', '/a', true],
  ['/ts/a', '/ts/*', false],
])('paths: %s covers %s: %s', (pattern, path, covered) => expect(covers(pattern, path)).toBe(covered));
