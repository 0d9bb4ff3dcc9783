/** What a token for the owner is minted from: a real arbiter in which `app-y` may read the load of `driver-x`. */
import { createArbiter } from '../../../src/arbiter/index.ts';
import { silent } from '../../../src/base/log.ts';
import { newComponent } from '../../../src/manager/components.ts';
import type { Core } from '../../../src/manager/lifecycle.ts';
import type { Sla } from '../../../src/manager/sla.ts';
import { recording } from './recording.ts';

export const wish = { method: 'GET' as const, target: 'driver-x-core-store', path: '/ts/load/latest', caveats: [] };

export function minting() {
  const arbiter = createArbiter({ file: ':memory:', log: silent, checkAddress: true });
  const logged: unknown[] = [];
  const log = { warn: (facts: unknown, sentence: string) => void logged.push([facts, sentence]) };
  const component = newComponent({ name: 'app-y', datasources: [] } as unknown as Sla, 'running');
  component.place = { address: '10.196.1.2' } as typeof component.place;
  arbiter.register({ name: 'app-y', type: 'app', key: 'k', address: '10.196.1.2' });
  arbiter.register({ name: 'driver-x-core-store', type: 'store', key: 's' });
  arbiter.grant('app-y', { method: 'GET', path: '/ts/load/*', target: 'driver-x-core-store' }, []);
  const ledger = recording();
  const core = { arbiter, log, ledger, components: new Map([['app-y', component]]) } as unknown as Core;
  return { arbiter, logged, ledger, core };
}
