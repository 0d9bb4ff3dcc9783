import { createArbiter } from '../../../src/arbiter/index.ts';
import { silent } from '../../../src/base/log.ts';
import { newComponent } from '../../../src/manager/components.ts';
import type { Core } from '../../../src/manager/lifecycle.ts';
import type { Sla } from '../../../src/manager/sla.ts';
import { mintFor } from '../../../src/manager/token.ts';

const wish = { method: 'GET' as const, target: 'driver-x-core-store', path: '/ts/load/latest', caveats: [] };

function parts() {
  const arbiter = createArbiter({ file: ':memory:', log: silent, checkAddress: true });
  const logged: unknown[] = [];
  const log = { warn: (facts: unknown, sentence: string) => void logged.push([facts, sentence]) };
  const component = newComponent({ name: 'app-y', datasources: [] } as unknown as Sla, 'running');
  component.place = { address: '10.196.1.2' } as typeof component.place;
  arbiter.register({ name: 'app-y', type: 'app', key: 'k', address: '10.196.1.2' });
  arbiter.register({ name: 'driver-x-core-store', type: 'store', key: 's' });
  arbiter.grant('app-y', { method: 'GET', path: '/ts/load/*', target: 'driver-x-core-store' }, []);
  const core = { arbiter, log, components: new Map([['app-y', component]]) } as unknown as Core;
  return { arbiter, logged, core };
}

test('a token for the owner is one that the component itself would get, and is on record without the token', () => {
  const { arbiter, logged, core } = parts();
  const { token, claims, address } = mintFor(core, 'app-y', wish);
  const use = { target: wish.target, method: wish.method, path: wish.path };
  expect(arbiter.verify(token, { ...use, caller: '10.196.1.2' })).toMatchObject({ component: 'app-y' });
  expect(() => arbiter.verify(token, { ...use, caller: '10.196.1.3' })).toThrow('not valid here');
  expect([address, claims]).toEqual(['10.196.1.2', expect.objectContaining({ sub: 'app-y', path: wish.path })]);
  expect(logged).toEqual([[{ component: 'app-y', ...wish }, 'the owner had a token minted']]);
  expect(JSON.stringify(logged)).not.toContain(token);
  arbiter[Symbol.dispose]();
});

test.each([
  ['another path', 'app-y', { path: '/ts/other/latest' }, 'permission.refused'],
  ['another method', 'app-y', { method: 'POST' as const }, 'permission.refused'],
  ['a caveat that no grant has', 'app-y', { caveats: [{ observe: 'audit' as const }] }, 'permission.refused'],
  ['a component that is not installed', 'driver-x-core-store', {}, 'component.unknown'],
])('no token for %s', (_what, name, other, code) => {
  const { arbiter, logged, core } = parts();
  expect(() => mintFor(core, name, { ...wish, ...other })).toThrow(expect.objectContaining({ code }) as Error);
  expect(logged).toEqual([]);
  arbiter[Symbol.dispose]();
});
