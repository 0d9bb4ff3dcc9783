import { mintFor } from '../../../src/manager/token.ts';
import { minting, wish } from './minting.ts';

test('a token for the owner is one that the component itself would get, and is on record without the token', async () => {
  const { arbiter, logged, ledger, core } = minting();
  const { token, claims, address } = await mintFor(core, 'app-y', wish);
  const use = { target: wish.target, method: wish.method, path: wish.path };
  expect(arbiter.verify(token, { ...use, caller: '10.196.1.2' })).toMatchObject({ component: 'app-y' });
  expect(() => arbiter.verify(token, { ...use, caller: '10.196.1.3' })).toThrow('not valid here');
  expect([address, claims]).toEqual(['10.196.1.2', expect.objectContaining({ sub: 'app-y', path: wish.path })]);
  expect(logged).toEqual([[{ component: 'app-y', ...wish }, 'the owner had a token minted']]);
  const { method, target, path, caveats } = wish;
  expect(ledger.entries).toEqual([{ kind: 'token', component: 'app-y', target, path, facts: { method, caveats } }]);
  expect(JSON.stringify([logged, ledger.entries])).not.toContain(token);
  arbiter[Symbol.dispose]();
});

test.each([
  ['another path', 'app-y', { path: '/ts/other/latest' }, 'permission.refused'],
  ['another method', 'app-y', { method: 'POST' as const }, 'permission.refused'],
  ['a caveat that no grant has', 'app-y', { caveats: [{ observe: 'audit' as const }] }, 'permission.refused'],
  ['a component that is not installed', 'driver-x-core-store', {}, 'component.unknown'],
])('no token for %s', async (_what, name, other, code) => {
  const { arbiter, logged, ledger, core } = minting();
  await expect(mintFor(core, name, { ...wish, ...other })).rejects.toMatchObject({ code });
  expect([logged, ledger.entries]).toEqual([[], []]);
  arbiter[Symbol.dispose]();
});

test('no token that cannot be put on record', async () => {
  const { arbiter, ledger, core } = minting();
  ledger.disk.isFull = true;
  await expect(mintFor(core, 'app-y', wish)).rejects.toMatchObject({ code: 'ledger.unavailable' });
  arbiter[Symbol.dispose]();
});
