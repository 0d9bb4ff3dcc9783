import pino from 'pino';
import { createArbiter } from '../../../src/arbiter/index.ts';
import { appIp, codeOf, reading, store, use } from './house.ts';

/** An arbiter whose log can be read. */
function loggedHouse(checkAddress = true) {
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  const arbiter = createArbiter({ file: ':memory:', log, checkAddress });
  arbiter.register({ name: store, type: 'store', key: 'store key' });
  arbiter.register({ name: 'app', type: 'app', key: 'app key', address: appIp });
  arbiter.grant('app', reading, []);
  const token = arbiter.mint('app', { ...reading, caveats: [] }, 'rest');
  return { arbiter, lines, token };
}

test('a refusal is logged with who, what and why, and without the token', () => {
  const { arbiter, lines, token } = loggedHouse();
  codeOf(() => arbiter.verify(token, { ...use, path: '/ts/light/latest' }));
  codeOf(() => arbiter.verify(token, { ...use, caller: '10.0.0.9' }));
  codeOf(() => arbiter.authenticate('stolen-looking-key', '10.0.0.9'));
  codeOf(() => arbiter.mint('app', { ...reading, method: 'POST', caveats: [] }, 'rest'));
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    {
      component: 'app',
      caller: appIp,
      target: store,
      path: '/ts/light/latest',
      code: 'token.forbidden',
      msg: 'refused',
    },
    { caller: '10.0.0.9', target: store, method: 'GET', code: 'token.invalid' },
    { caller: '10.0.0.9', code: 'key.invalid' },
    { component: 'app', target: store, method: 'POST', code: 'permission.refused' },
  ]);
  expect(lines.join('')).not.toMatch(/eyJ|stolen|app key/);
});

test('an app that is refused in a loop does not fill the log', () => {
  const { arbiter, lines } = loggedHouse();
  for (let i = 0; i < 1_000; i++) codeOf(() => arbiter.verify('nonsense', use));
  expect(lines.length).toBeLessThan(30);
});

test('where nothing is enforced, keys and tokens work from anywhere', () => {
  const { arbiter, token } = loggedHouse(false);
  expect(arbiter.authenticate('app key', '192.168.1.9')).toBe('app');
  expect(arbiter.verify(token, { ...use, caller: '192.168.1.9' }).component).toBe('app');
});
