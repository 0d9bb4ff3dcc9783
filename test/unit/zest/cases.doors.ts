/** What observers are told: whichever door a request comes through, and whichever they watch at. */

/** `POST /kv/a/b`, its body, and its content format if that is not JSON. */
export type Sent = [request: string, body?: string, format?: Format];
export type Format = 'json' | 'text' | 'binary';
export type Mode = 'data' | 'audit' | 'notification';

export type Watch = { path: string; mode?: Mode; format?: Format };
/**
 * `told`: in the words of each mode, `<path> <format> <body>`, `<who> <method> <path> <code>` or
 * `<who> <response path> <format> <body>`. The last request of each case is told, so that what should not be would come before.
 */
export type Case = [claim: string, watch: Watch, sent: Sent[], told: string[]];

const item = (href: string): string =>
  `{"href":"${href}","item-metadata":[{"rel":"a:hasDescription","val":"x"},{"rel":"a:isContentType","val":"y"}]}`;

const data: Case[] = [
  ['a key', { path: '/kv/a/k' }, [['POST /kv/a/k', '{"on":true}']], ['/kv/a/k json {"on":true}']],
  [
    'a key, and no other',
    { path: '/kv/a/k' },
    [
      ['POST /kv/a/kk', '{}'],
      ['POST /kv/b/k', '{}'],
      ['POST /kv/a/k', '{"n":1}'],
    ],
    ['/kv/a/k json {"n":1}'],
  ],
  [
    'all keys of an id',
    { path: '/kv/a/*' },
    [
      ['POST /kv/ab/k', '{}'],
      ['POST /kv/a/k', '{"n":1}'],
      ['POST /kv/a/l', '{"n":2}'],
    ],
    ['/kv/a/k json {"n":1}', '/kv/a/l json {"n":2}'],
  ],
  [
    'text, and nothing else of that name',
    { path: '/kv/a/k', format: 'text' },
    [
      ['POST /kv/a/k', '{}'],
      ['POST /kv/a/k', 'x', 'binary'],
      ['POST /kv/a/k', 'two  words ', 'text'],
    ],
    ['/kv/a/k text two  words '],
  ],
  [
    'bytes',
    { path: '/kv/a/k', format: 'binary' },
    [['POST /kv/a/k', '\u0000\u0001', 'binary']],
    ['/kv/a/k binary \u0000\u0001'],
  ],
  ['an empty text', { path: '/kv/a/k', format: 'text' }, [['POST /kv/a/k', '', 'text']], ['/kv/a/k text ']],
  [
    'a series, without entries that have a time of their own',
    { path: '/ts/a' },
    [
      ['POST /ts/a/at/7', '{"value":7}'],
      ['POST /ts/blob/a', '{"value":8}'],
      ['POST /ts/a', '{"value":9,"room":"hall"}'],
    ],
    ['/ts/a json {"value":9,"room":"hall"}'],
  ],
  [
    'entries with a time of their own',
    { path: '/ts/a/at/*' },
    [
      ['POST /ts/a', '{"value":9}'],
      ['POST /ts/a/at/-7', '{"value":7}'],
    ],
    ['/ts/a/at/-7 json {"value":7}'],
  ],
  [
    'a blob series',
    { path: '/ts/blob/a' },
    [
      ['POST /ts/a', '{"value":9}'],
      ['POST /ts/blob/a', '[1,{"b":"c d"}]'],
    ],
    ['/ts/blob/a json [1,{"b":"c d"}]'],
  ],
  [
    'everything',
    { path: '/*' },
    [
      ['POST /kv/a/k', '{"n":1}'],
      ['POST /ts/a', '{"value":2}'],
      ['POST /cat', item('x')],
    ],
    ['/kv/a/k json {"n":1}', '/ts/a json {"value":2}', `/cat json ${item('x')}`],
  ],
  ['the catalogue', { path: '/cat' }, [['POST /cat', item('y')]], [`/cat json ${item('y')}`]],
  [
    'nothing that was refused',
    { path: '/*' },
    [
      ['POST /ts/a', '{"value":"x"}'],
      ['POST /kv/a/k', 'no JSON'],
      ['POST /kv/a/b/c', '{}'],
      ['POST /cat', '{}'],
      ['POST /kv/a/k', '{"n":1}'],
    ],
    ['/kv/a/k json {"n":1}'],
  ],
  [
    'no read and no delete',
    { path: '/*' },
    [['GET /kv/a/k'], ['DELETE /kv/a/k'], ['GET /cat'], ['POST /kv/a/k', '{"n":1}']],
    ['/kv/a/k json {"n":1}'],
  ],
  [
    'JSON with more behind it: what was accepted',
    { path: '/ts/a' },
    [['POST /ts/a', '{"value":12}, "more"']],
    ['/ts/a json {"value":12}'],
  ],
  [
    'a function’s answer, as anything else',
    { path: '/notification/response/*' },
    [['POST /notification/response/f/1', '{"Status":0}']],
    ['/notification/response/f/1 json {"Status":0}'],
  ],
];

const audit: Case[] = [
  [
    'each request and its outcome',
    { path: '/kv/*', mode: 'audit' },
    [
      ['POST /kv/a/k', '{}'],
      ['GET /kv/a/k'],
      ['POST /kv/a/k', 'no JSON'],
      ['GET /kv/a/keys'],
      ['GET /ts/a/latest'],
      ['DELETE /kv/a/k'],
    ],
    [
      'app POST /kv/a/k 65',
      'app GET /kv/a/k 69',
      'app POST /kv/a/k 128',
      'app GET /kv/a/keys 69',
      'app DELETE /kv/a/k 66',
    ],
  ],
  [
    'a delete of a question',
    { path: '/ts/*', mode: 'audit' },
    [['DELETE /ts/a/last/1'], ['DELETE /ts/a/latest']],
    ['app DELETE /ts/a/last/1 134', 'app DELETE /ts/a/latest 66'],
  ],
  [
    'a call that nobody but this observer is told of: any mode is enough',
    { path: '/notification/request/*', mode: 'audit' },
    [
      ['POST /notification/request/f/1', '{}', 'text'],
      ['POST /notification/request/f/1', '{}'],
    ],
    ['app POST /notification/request/f/1 65'],
  ],
];

const notification: Case[] = [
  [
    'a call',
    { path: '/notification/request/*', mode: 'notification' },
    [['POST /notification/request/f/1', '{"n":1}']],
    ['app /notification/response/f/1 json {"n":1}'],
  ],
  [
    'a call without a body, and one in another format',
    { path: '/notification/request/f/*', mode: 'notification', format: 'text' },
    [
      ['POST /notification/request/g/1', 'x', 'text'],
      ['POST /notification/request/f/1', '', 'text'],
      ['POST /notification/request/f/2', 'plain words', 'text'],
    ],
    ['app /notification/response/f/1 text ', 'app /notification/response/f/2 text plain words'],
  ],
  [
    'the first request in a path becomes a response',
    { path: '/kv/request/*', mode: 'notification' },
    [['POST /kv/request/request', '{"n":1}']],
    ['app /kv/response/request json {"n":1}'],
  ],
];

export const cases: Record<Mode, Case[]> = { data, audit, notification };
