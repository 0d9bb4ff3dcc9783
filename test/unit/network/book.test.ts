import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBook, systemNetwork } from '../../../src/network/book.ts';

const dir = mkdtempSync(join(tmpdir(), 'databox-book-'));
const file = join(dir, 'network.sqlite');
afterAll(() => rmSync(dir, { recursive: true }));

test('addresses are the same after a restart', () => {
  const look = () => {
    using book = openBook(file);
    book.usePool('10.196.0.0/16');
    const spoofed = book.spoof([
      ['app', 'container-manager'],
      ['app', 'arbiter'],
    ]);
    return {
      system: book.subnetOf(systemNetwork),
      arbiter: book.serviceAddress('arbiter'),
      store: book.serviceAddress('driver-core-store'),
      subnets: [book.subnetOf('driver'), book.subnetOf('app')],
      spoofed: spoofed('app', 'arbiter'),
    };
  };
  const first = look();
  expect(first).toEqual({
    system: '10.196.0.0/24',
    arbiter: '10.196.0.2',
    store: '10.196.0.3',
    subnets: ['10.196.2.0/24', '10.196.1.0/24'],
    spoofed: '10.196.1.253',
  });
  expect(look()).toEqual(first);
});

test('a network that is dropped gives its addresses back; another keeps its own', () => {
  using book = openBook(':memory:');
  book.usePool('10.196.0.0/16');
  book.spoof([
    ['app', 'arbiter'],
    ['other', 'arbiter'],
  ]);
  book.dropNetwork('app');
  expect(book.subnetOf('third')).toBe('10.196.1.0/24');
  expect(
    book.spoof([
      ['third', 'x'],
      ['other', 'arbiter'],
    ])('third', 'x'),
  ).toBe('10.196.1.254');
});

test('a peer that comes back has the address it had, and nobody had it meanwhile', () => {
  using book = openBook(':memory:');
  book.usePool('10.196.0.0/16');
  const before = book.spoof([
    ['app', 'a'],
    ['app', 'b'],
  ])('app', 'a');
  expect(
    book.spoof([
      ['app', 'b'],
      ['app', 'c'],
    ])('app', 'c'),
  ).toBe('10.196.1.252');
  expect(book.spoof([['app', 'a']])('app', 'a')).toBe(before);
});

test('another pool forgets every address', () => {
  using book = openBook(':memory:');
  book.usePool('10.196.0.0/16');
  book.serviceAddress('arbiter');
  book.subnetOf('app');
  book.usePool('172.27.0.0/16');
  expect([book.serviceAddress('arbiter'), book.subnetOf('app')]).toEqual(['172.27.0.2', '172.27.1.0/24']);
});

test('253 peers of one component are too many, and none of them is allotted', () => {
  using book = openBook(':memory:');
  book.usePool('10.196.0.0/16');
  const wanted = Array.from({ length: 253 }, (_, i) => ['app', `peer-${i}`] as const);
  expect(() => book.spoof(wanted)).toThrow(expect.objectContaining({ code: 'network.exhausted' }) as Error);
  expect(book.spoof([['app', 'x']])('app', 'x')).toBe('10.196.1.254');
});
