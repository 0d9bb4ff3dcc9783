/** peers — InfluxDB and Redis of this machine, each on a folder of its own; absent where they are not installed. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProgram } from '../../abuse/rig/process.ts';
import { freePort } from '../../free-port.ts';
import type { Tls } from '../../../src/base/listen.ts';
import { httpRequest, openLine, type Place } from './line.ts';
import { series } from './names.ts';
import { type Entry, pemFile, type Server } from './servers.ts';
import type { Target } from './wrk.ts';

const influxd = '/usr/bin/influxd';
const redisd = '/usr/bin/redis-server';
export const hasInflux = (): boolean => existsSync(influxd);
export const hasRedis = (): boolean => existsSync(redisd);

export type Influx = Server &
  Target & {
    batch(entries: readonly Entry[]): string;
    /** In InfluxQL, `FROM` left out. @param select  such as `mean(value)` */
    query(select: string, rest: string): string;
  };
type InfluxOptions = {
  dir: string;
  /** Absent: plain HTTP, and nobody logs in. */
  tls?: Tls;
  /** `quiet`: after two seconds without a write. Absent: when its own settings say so, which is not while others are measured. */
  compactsAt?: 'quiet';
};
const login = { user: 'bench', password: 'bench' };
const database = 'bench';

/** Every write is on disk before it is answered: `wal-fsync-delay` is 0. */
export async function startInflux({ dir, tls, compactsAt }: InfluxOptions): Promise<Influx> {
  const [port, rpc] = [await freePort(), await freePort()];
  mkdirSync(dir, { recursive: true });
  const config = join(dir, 'influxdb.conf');
  const pem = tls === undefined ? '' : pemFile(dir, tls);
  writeFileSync(config, configOf({ dir, port, rpc, pem, compactsAt }));
  const program = startProgram([influxd, '-config', config]);
  const place: Place = { port, ...(tls && { cert: tls.cert }) };
  const basic = `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
  const headers = tls === undefined ? {} : { authorization: basic };
  const ask = (method: 'GET' | 'POST', path: string, body = '') => httpRequest({ method, path, headers, body });
  const write = `/write?db=${database}&precision=ms`;
  const influx: Influx = {
    ...{ program, ...place },
    // Without a time, as a box gets it: that of arrival.
    posting: { path: write, headers, body: `${series},room=hall value=%d` },
    batch: (entries) => ask('POST', write, entries.map(({ timestamp, value, room }) => `${series},room=${room} value=${value} ${timestamp}`).join('\n')), // prettier-ignore
    query: (select, rest) => ask('GET', queryOf(`SELECT ${select} FROM ${series} ${rest}`)),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
  await answering(place);
  if (tls) {
    using line = await openLine(place);
    const create = `CREATE USER ${login.user} WITH PASSWORD '${login.password}' WITH ALL PRIVILEGES`;
    await line.ask(httpRequest({ method: 'POST', path: queryOf(create) }));
    await line.ask(ask('POST', queryOf(`CREATE DATABASE ${database}`)));
  }
  return influx;
}

const queryOf = (text: string): string => `/query?db=${database}&epoch=ms&q=${encodeURIComponent(text)}`;

async function answering(place: Place): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      using line = await openLine(place);
      return void (await line.ask(httpRequest({ path: '/ping' })));
    } catch (err) {
      if (tries > 100) throw err;
      await sleep(100);
    }
  }
}

type Settings = {
  dir: string;
  port: number;
  rpc: number;
  /** With its key; `''`: plain HTTP without login. */ pem: string;
  compactsAt: InfluxOptions['compactsAt'];
};

const compactsSoon = `  cache-snapshot-write-cold-duration = "2s"
  compact-full-write-cold-duration = "2s"
`;

const configOf = ({ dir, port, rpc, pem, compactsAt }: Settings): string => `reporting-disabled = true
bind-address = "127.0.0.1:${rpc}"
[meta]
  dir = "${dir}/meta"
[data]
  dir = "${dir}/data"
  wal-dir = "${dir}/wal"
  wal-fsync-delay = "0s"
  query-log-enabled = false
${compactsAt === undefined ? '' : compactsSoon}[monitor]
  store-enabled = false
[logging]
  level = "error"
[http]
  bind-address = "127.0.0.1:${port}"
  auth-enabled = ${pem !== ''}
  log-enabled = false
  https-enabled = ${pem !== ''}
  https-certificate = "${pem}"
`;

export type Redis = Server & {
  /** Sets one key for a while. @returns times a second */
  set(clients: number): Promise<number>;
};

const redisBenchmark = '/usr/bin/redis-benchmark';
const sets = 30_000;

/** `appendfsync always`: a change is on disk before it is answered. Its own tool asks. */
export async function startRedis(dir: string, tls: Tls): Promise<Redis> {
  mkdirSync(dir, { recursive: true });
  const [port, pem] = [await freePort(), pemFile(dir, tls)];
  const secure = ['--port', '0', '--tls-port', `${port}`, '--tls-cert-file', pem, '--tls-key-file', pem];
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '', '--dir', dir];
  const program = startProgram([redisd, '--bind', '127.0.0.1', ...secure, '--tls-auth-clients', 'no', ...durable]);
  await program.line((line) => line.includes('Ready to accept connections'));
  return {
    ...{ program, port, cert: tls.cert },
    async set(clients) {
      const asking = ['-p', `${port}`, '--tls', '--cacert', pem, '-c', `${clients}`, '-n', `${sets}`, '--csv'];
      await using tool = startProgram([redisBenchmark, ...asking, 'SET', 'state', '{"value":500}']);
      const line = await tool.line((text) => text.startsWith('"SET'));
      return Number(/^"SET[^,]*","([\d.]+)"/.exec(line)?.[1] ?? NaN);
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}
