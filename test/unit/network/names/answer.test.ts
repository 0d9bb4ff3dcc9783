import dns from 'dns-packet';
import { decide } from '../../../../src/network/names/answer.ts';
import { rcode, read } from '../../../../src/network/names/message.ts';
import { nothing, type Tables } from '../../../../src/network/tables.ts';

const app = '10.0.2.2';
const neighbour = '10.0.3.2';
const tables: Tables = {
  ...nothing,
  resolve: new Map([
    [
      app,
      new Map([
        ['arbiter', '10.0.2.254'],
        ['api.example.net', '10.0.2.253'],
      ]),
    ],
    [neighbour, new Map([['arbiter', '10.0.3.254']])],
  ]),
  externals: new Map([[app, new Map([['api.example.net', { local: false }]])]]),
};
const ask = (asker: string, name: string, type: dns.RecordType) => {
  const reading = read(dns.encode({ type: 'query', id: 1, questions: [{ type, name }] }));
  if (!reading || !('query' in reading)) throw new Error('the test’s query is broken');
  return decide(tables, asker, reading.query);
};
const is = (address: string) => ({ do: 'reply', rcode: rcode.ok, answer: { type: 'a', address } });
const empty = { do: 'reply', rcode: rcode.ok };
const nxdomain = { do: 'reply', rcode: rcode.unknown, refused: true };

for (const [claim, asker, name, type, decision] of [
  ['an agreed name has its spoofed address', app, 'arbiter', 'A', is('10.0.2.254')],
  ['each asker has its own', neighbour, 'ARBITER.', 'A', is('10.0.3.254')],
  ['no AAAA, but the name exists (musl)', app, 'arbiter', 'AAAA', empty],
  ['nor TXT', app, 'arbiter', 'TXT', empty],
  ['nor a transfer', app, 'arbiter', 'AXFR', empty],
  [
    'an outside name is looked up first',
    app,
    'api.example.net',
    'A',
    { do: 'lookup', name: 'api.example.net', local: false, address: '10.0.2.253' },
  ],
  ['its other types never travel upstream', app, 'api.example.net', 'TXT', empty],
  ['a neighbour’s outside name is unknown', neighbour, 'api.example.net', 'A', nxdomain],
  ['a child of an agreed name is unknown', app, 'x.api.example.net', 'A', nxdomain],
  ['so is its parent', app, 'example.net', 'A', nxdomain],
  ['and a name that ends like it', app, 'evilapi.example.net', 'A', nxdomain],
  ['and an AAAA of what is not agreed', app, 'www.example.org', 'AAAA', nxdomain],
  ['a stranger knows nothing', '10.0.9.9', 'arbiter', 'A', nxdomain],
  [
    'a spoofed address has its name',
    app,
    '254.2.0.10.in-addr.arpa',
    'PTR',
    { do: 'reply', rcode: rcode.ok, answer: { type: 'ptr', name: 'arbiter' } },
  ],
  ['which has no address', app, '254.2.0.10.in-addr.arpa', 'A', empty],
  ['a neighbour’s spoofed address has none', app, '254.3.0.10.in-addr.arpa', 'PTR', nxdomain],
  ['an odd reverse name has none', app, '254.254.2.0.10.in-addr.arpa', 'PTR', nxdomain],
] as const) {
  test(claim, () => expect(ask(asker, name, type)).toEqual(decision));
}
