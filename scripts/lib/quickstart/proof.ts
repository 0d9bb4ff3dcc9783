import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Box } from './box.ts';
import { docker } from './images.ts';

export const driver = 'driver-os-monitor';
export const app = 'app-os-monitor';

export type Stats = { mem: { min: number; max: number; mean: number; latest: number; samples: number } };
export type Sample = { at: string; freeMemoryBytes: number; samplesRead: number };
export type Refusal = { attempt: string; result: string };

export type Owner = { get(path: string): Promise<string> };

/** Logs in as a browser does, trusting the authority that the box hands out on port 80. */
export async function login({ httpPort, httpsPort, password }: Box): Promise<Owner> {
  const ca = await (await fetch(`http://127.0.0.1:${httpPort}/cert.pem`)).text();
  let cookie = '';
  const get = (path: string, headers: Record<string, string>) =>
    new Promise<{ status: number; body: string; cookie: string }>((resolve, reject) => {
      const req = request({ host: '127.0.0.1', port: httpsPort, path, ca, headers }, (res) => {
        let body = '';
        res.setEncoding('utf8').on('data', (part: string) => (body += part));
        res.on('end', () =>
          resolve({ status: res.statusCode ?? 0, body, cookie: res.headers['set-cookie']?.[0]?.split(';')[0] ?? '' }),
        );
      });
      req.on('error', reject).end();
    });
  const session = await get('/api/connect', { authorization: `Token ${password}` });
  if (session.status !== 200) throw new Error(`login: ${session.status} ${session.body}`);
  cookie = session.cookie;
  return {
    async get(path) {
      const { status, body } = await get(path, { cookie });
      if (status !== 200) throw new Error(`${path}: ${status} ${body}`);
      return body;
    },
  };
}

/** Resolves as soon as `ask` gives a value; one that throws is asked again. */
export async function patiently<T>(what: string, ask: () => Promise<T | undefined>, timeoutMs = 90_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (let cause: unknown; ; await sleep(300)) {
    try {
      const value = await ask();
      if (value !== undefined) return value;
    } catch (err) {
      cause = err;
    }
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`, { cause });
  }
}

/** What the app computed, each time that it has read more of the driver's store. */
export async function samples(owner: Owner, count: number): Promise<{ samples: Sample[]; stats: Stats }> {
  const seen: Sample[] = [];
  const stats = await patiently('the app to read', async () => {
    const now = JSON.parse(await owner.get(`/${app}/ui/stats`)) as Stats;
    const { latest, samples: samplesRead } = now.mem;
    if (samplesRead > (seen.at(-1)?.samplesRead ?? 0)) {
      seen.push({ at: new Date().toISOString(), freeMemoryBytes: latest, samplesRead });
    }
    return seen.length >= count ? now : undefined;
  });
  return { samples: seen, stats };
}

/** Tries, from inside the app's container, what was not agreed. */
export async function tryWhatIsRefused(): Promise<Refusal[]> {
  const attempts: [attempt: string, source: string][] = [
    ['resolve example.org', `require('node:dns').lookup('example.org', (e, a) => end(e ? e.code : a))`],
    ['reach the outside by number (198.51.100.1:443)', connect("'198.51.100.1'", 443)],
    ['reach the gateway on port 22', connect('gateway', 22)],
    ['read the driver’s store without a token', read('/ts/blob/freemem/latest', '{}')],
    ['read it with a token of its own making', read('/ts/blob/freemem/latest', `{'x-api-key': 'e30.e30.'}`)],
  ];
  const refusals: Refusal[] = [];
  for (const [attempt, source] of attempts) {
    const result = await docker(['exec', app, 'node', '-e', prelude + source]);
    refusals.push({ attempt, result });
  }
  return refusals;
}

const prelude = `
  const end = (result) => { console.log(result); process.exit(0); };
  const fs = require('node:fs');
  const gateway = /nameserver (\\S+)/.exec(fs.readFileSync('/etc/resolv.conf', 'utf8'))[1];
  setTimeout(() => end('no answer'), 2000);
`;
const connect = (host: string, port: number): string =>
  `require('node:net').connect(${port}, ${host}, () => end('CONNECTED')).on('error', (e) => end(e.code));`;
const read = (path: string, headers: string): string =>
  `require('node:https').get({ host: '${driver}-core-store', port: 8080, path: '${path}', headers: ${headers},
     ca: fs.readFileSync('/run/secrets/DATABOX_ROOT_CA') }, (res) => end(res.statusCode)).on('error', (e) => end(e.code));`;
