import { connected, disconnected, nobody, withComponent, withoutComponent } from '../../../src/network/policy.ts';
import { staysOf } from '../../../src/network/stays.ts';

const seat = (name: string) => ({ name, bridge: `dbx-${name}`, gateway: '10.196.1.1', address: '10.196.1.2' });
const two = withComponent(withComponent(nobody, seat('app')), seat('driver'));
const agreed = connected(two, 'app', [{ kind: 'component', name: 'driver' }]);
const stay = (network: string, peer: string, until = 10_000) => ({ network, peer, until });
const after = (next: typeof nobody, stays: ReturnType<typeof stay>[] = [], now = 0) =>
  staysOf({ before: agreed, after: next, stays, now });

test.each([
  [
    'a withdrawn component stays in both networks',
    after(disconnected(agreed, 'app')),
    [stay('app', 'driver'), stay('driver', 'app')],
  ],
  ['a removed one in that of its peer only', after(withoutComponent(agreed, 'driver')), [stay('app', 'driver')]],
  ['nothing stays where nothing is left', after(nobody), []],
  ['one that is agreed again no longer only stays', after(agreed, [stay('app', 'driver')]), []],
  ['one whose time has not come stays', after(agreed, [stay('app', 'store')], 9_999), [stay('app', 'store')]],
  ['one whose time has come does not', after(agreed, [stay('app', 'store')], 10_000), []],
])('%s', (_claim, stays, expected) => expect(stays).toEqual(expected));
