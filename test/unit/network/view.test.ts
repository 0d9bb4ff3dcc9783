import type { Place } from '../../../src/network/face.ts';
import { connected, nobody, tablesOf, withComponent, withService } from '../../../src/network/policy.ts';
import { viewOf } from '../../../src/network/view.ts';
import type { WorkerView } from '../../../src/network/worker.ts';

const place: Place = {
  network: 'app-network',
  bridge: 'dbx-1',
  subnet: '10.196.1.0/24',
  gateway: '10.196.1.1',
  address: '10.196.1.2',
  managerAddress: '10.196.1.254',
  resolvConf: '/run/app.conf',
};
const policy = connected(
  withService(withComponent(nobody, { name: 'app', ...place }), {
    name: 'arbiter',
    address: '10.196.0.2',
    ports: new Map([[8080, 4000]]),
  }),
  'app',
  [
    { kind: 'service', name: 'arbiter' },
    { kind: 'service', name: 'later' },
  ],
);
const tables = tablesOf(
  policy,
  (_network, peer) => ({ arbiter: '10.196.1.253', later: '10.196.1.252' })[peer] ?? '10.196.1.254',
);
const worker: WorkerView = {
  counters: {
    pairs: [{ src: '10.196.1.2', dst: '10.196.1.253', accepted: 3, refused: 1 }],
    refused: [],
    unlisted: [{ component: 'app', src: '10.196.1.2', count: 5 }],
    queue: { judged: 4, accepted: 3, dropped: 1, malformed: 0, lost: 0 },
  },
  names: [{ component: 'app', name: 'evil.example', count: 2 }],
  withheld: [{ asker: '10.196.1.2', name: 'api.example', addresses: ['192.168.1.1'] }],
  problems: [],
};
const view = (links: string[], owed: string[] = []) =>
  viewOf({
    pool: '10.196.0.0/16',
    tables,
    places: new Map([['app', place]]),
    worker,
    links: new Map(links.map((link) => [link, []])),
    owed,
  });

test('a component with its peers, what they carried and what was refused', () =>
  expect(view(['dbx-1'])).toEqual({
    pool: '10.196.0.0/16',
    components: [
      {
        name: 'app',
        place,
        peers: [
          {
            name: 'arbiter',
            address: '10.196.1.253',
            ports: [{ protocol: 'tcp', port: 8080 }],
            accepted: 3,
            refused: 1,
          },
          { name: 'later', address: '10.196.1.252', ports: [], accepted: 0, refused: 0 },
        ],
      },
    ],
    refused: [],
    unlisted: [{ component: 'app', src: '10.196.1.2', count: 5 }],
    names: [{ component: 'app', name: 'evil.example', count: 2 }],
    withheld: [{ component: 'app', name: 'api.example', addresses: ['192.168.1.1'] }],
    healthy: true,
    problems: [],
  }));

test('a network that somebody removed is a problem', () =>
  expect(view(['eth0'])).toMatchObject({ healthy: false, problems: [expect.stringContaining('restart app')] }));

test('what is not in force yet is a problem', () =>
  expect(view(['dbx-1'], ['connections may still be open'])).toMatchObject({
    healthy: false,
    problems: ['connections may still be open'],
  }));
