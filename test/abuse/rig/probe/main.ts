/**
 * The attacker's app: runs in a component's container as its user, with what any app has. No argument: a web page, as
 * components serve it. `ask`: sends the requests it reads. `observe URL TOKEN`: prints a stream's events and its end.
 * `follow URL TOKEN`: the same, again and again, as a client does that says where it was.
 * `write URL TOKEN`: writes 1, 2, 3 … one after another and prints those that were acknowledged.
 */
import { readFileSync } from 'node:fs';
import { createServer, request as requestHttps } from 'node:https';
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { text } from 'node:stream/consumers';

type Ask = {
  method?: string;
  url: string;
  headers?: Record<string, string>;
  body?: string;
  timeoutMs?: number;
  anyCertificate?: boolean;
};

const secret = (name: string): string => readFileSync(`/run/secrets/${name}`, 'utf8');
/** `{KEY}` in a header stands for the component's own key, which never leaves its container. */
const filled = (headers: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replace('{KEY}', () => secret('ARBITER_TOKEN'))]),
  );

function open({
  method = 'GET',
  url,
  headers = {},
  body,
  timeoutMs = 5_000,
  anyCertificate = false,
}: Ask): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const secure = url.startsWith('https:');
  const { hostname, port } = new URL(url);
  // As written: a parsed URL has its dots and slashes put in order, which is the very thing to be tested.
  const path = url.replace(/^\w+:\/\/[^/]*/, '') || '/';
  const options = { method, host: hostname, port, path, headers: filled(headers), agent: false };
  const trust = { ca: secret('DATABOX_ROOT_CA'), rejectUnauthorized: !anyCertificate };
  const request = secure ? requestHttps({ ...options, ...trust }, resolve) : requestHttp(options, resolve);
  request.on('error', reject);
  request.setTimeout(timeoutMs, () => request.destroy(Object.assign(new Error('timeout'), { code: 'timeout' })));
  request.end(body);
  return promise;
}

const codeOf = (err: unknown): string => (err as NodeJS.ErrnoException).code ?? String(err);

async function answer(ask: Ask): Promise<unknown> {
  try {
    const res = await open(ask);
    return { status: res.statusCode, headers: res.headers, body: await text(res) };
  } catch (err) {
    return { error: codeOf(err) };
  }
}

async function ask(): Promise<void> {
  const asks = JSON.parse(await text(process.stdin)) as Ask[];
  const answers = [];
  for (const one of asks) answers.push(await answer(one));
  console.log(JSON.stringify(answers));
}

/** @returns the id of the last event */
async function observe(url: string, token: string, last = ''): Promise<string> {
  let id = last;
  try {
    const headers = { 'x-api-key': token, accept: 'text/event-stream', ...(last && { 'last-event-id': last }) };
    const res = await open({ url, headers, timeoutMs: 3_600_000 });
    console.log(JSON.stringify({ status: res.statusCode, at: Date.now() }));
    for await (const chunk of res as AsyncIterable<Buffer>) {
      const event = chunk.toString();
      id = [...event.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? id;
      console.log(JSON.stringify({ event, at: Date.now() }));
    }
    console.log(JSON.stringify({ end: 'closed', at: Date.now() }));
  } catch (err) {
    console.log(JSON.stringify({ end: codeOf(err), at: Date.now() }));
  }
  return id;
}

async function follow(url: string, token: string): Promise<never> {
  for (let last = ''; ; await sleep(200)) last = await observe(url, token, last);
}

async function write(url: string, token: string): Promise<void> {
  for (let value = 1; ; value += 1) {
    const body = JSON.stringify({ value });
    const headers = { 'x-api-key': token, 'content-type': 'application/json' };
    const said = (await answer({ method: 'POST', url, headers, body })) as { status?: number; error?: string };
    if (said.status !== undefined && said.status < 300) console.log(JSON.stringify({ acknowledged: value }));
    else {
      console.log(JSON.stringify({ failed: value, ...said, headers: undefined }));
      await sleep(20);
    }
  }
}

function serve(): void {
  // Process 1 of a container hears only signals it asked for; without this each stop would wait for SIGKILL.
  process.on('SIGTERM', () => process.exit(0));
  const pem = secret('DATABOX.pem');
  createServer({ cert: pem, key: pem }, (req, res) => {
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers }));
  }).listen(8080);
}

/** `docker exec` leaves its program running when its caller goes; a closed input is how that is seen. */
const endWithCaller = (): void => void process.stdin.on('end', () => process.exit(0)).resume();

const [, , mode, ...rest] = process.argv;
const modes: Record<string, () => unknown> = {
  ask,
  observe: () => (endWithCaller(), observe(rest[0] ?? '', rest[1] ?? '')),
  follow: () => (endWithCaller(), follow(rest[0] ?? '', rest[1] ?? '')),
  write: () => (endWithCaller(), write(rest[0] ?? '', rest[1] ?? '')),
};
await (modes[mode ?? ''] ?? serve)();
if (mode === 'observe') process.exit(0);
