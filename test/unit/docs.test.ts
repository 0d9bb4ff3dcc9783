/** The README is short, leads to every page, and no link between pages is dead. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const pages = ['README.md', ...globSync('docs/*.md').sort()];
const linksOf = (page: string): string[] =>
  [...readFileSync(page, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target.replace(/#.*/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target));

test('the README has at most 120 lines', () =>
  expect(readFileSync('README.md', 'utf8').split('\n').length).toBeLessThanOrEqual(120));

test('the README leads to every page', () => {
  expect(pages.length).toBeGreaterThan(10);
  const linked = new Set(linksOf('README.md'));
  expect(pages.slice(1).filter((page) => !linked.has(page))).toEqual([]);
});

test.each(pages)('links of %s lead somewhere', (page) => {
  expect(linksOf(page).filter((target) => !existsSync(join(dirname(page), target)))).toEqual([]);
});
