import express, { type Request, type Response } from 'express';
import { z } from 'zod';
import { canonicalDestination } from '../base/destinations.ts';
import { describedBy, descriptionPath } from '../base/description.ts';
import { Failure } from '../base/errors.ts';
import { callerOf, parseJson, problems, readBody, sendJson, tokenOf, validate } from '../base/http.ts';
import type { Ip } from '../base/ipv4.ts';
import type { Handler } from '../base/listen.ts';
import type { Log } from '../base/log.ts';
import { recorded, type OnRefused } from '../base/refusals.ts';
import type { Submission } from './queue.ts';
import type { Job } from './sql.ts';

/** JSON text of an export. Inside a JSON string each of its bytes may take two. */
export const dataLimitBytes = 1024 * 1024;
const bodyLimitBytes = 2 * dataLimitBytes + 16 * 1024;
export const [defaultWaitSeconds, longestWaitSeconds] = [5, 60];

export const Key = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters');
export const Body = z.strictObject({
  id: z.string().default(''),
  uri: z.string(),
  data: z.string(),
  idempotencyKey: Key.optional(),
});
export type Body = z.infer<typeof Body>;

export type AuthoriseExport = (
  token: string,
  use: { caller: Ip; target: 'export-service'; method: 'POST'; path: string; destination: string },
) => { component: string; grant: number };

export type Parts = {
  authorise: AuthoriseExport;
  /** @throws Failure `export.full`, `export.conflict`, `rate.exceeded` */
  submit: (submission: Submission) => Job;
  find: (id: string, component: string) => Job | undefined;
  delivered: (job: Job) => void;
  /** Resolves at the job's next change of state, or after the time. */
  changed: (job: Job, ms: number, signal: AbortSignal) => Promise<void>;
  /** Enters a refused attempt into the ledger. @throws Failure `rate.exceeded` */
  refuse: (refusal: { component: string; destination: string; data: Buffer; reason: string }) => void;
  onRefused: OnRefused | undefined;
  log: Log;
};

const describe = describedBy(new URL('./openapi.json', import.meta.url));

/** `POST /export` answers at once; `POST /lp/export?timeout=` with the id of a job waits for its next change of state. */
export function routes(parts: Parts): Handler {
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('strict routing').enable('case sensitive routing');
  app.get(descriptionPath, (_req, res) => describe(res));
  app.post(['/export', '/lp/export'], async (req, res) => {
    res.setHeader('cache-control', 'no-store');
    const { component, destination, body } = await admitted(parts, req);
    const job =
      body.id === ''
        ? parts.submit({ component, destination, data: dataOf(body.data), key: keyOf(req, body) })
        : await polled(parts, { req, res, component, destination, id: body.id });
    reply(parts, res, { job, polled: body.id !== '' });
  });
  app.use((req) => {
    throw new Failure('path.unknown', `the export service has no ${req.method} ${req.path.slice(0, 100)}`);
  });
  app.use(recorded('export-service', parts.onRefused));
  app.use(problems(parts.log));
  return app;
}

/** Who asks, and for what: the destination is part of what a token allows, so the body is read first. */
async function admitted({ authorise, refuse }: Parts, req: Request) {
  const token = tokenOf(req);
  const ask = (destination: string) =>
    authorise(token, { caller: callerOf(req), target: 'export-service', method: 'POST', path: req.path, destination });
  // Without any token nothing is read.
  if (token === '') ask('');
  const text = (await readBody(req, bodyLimitBytes)).toString('utf8');
  let body: Body;
  try {
    body = validate(Body, parseJson(text));
  } catch (err) {
    unlessInvalid(ask);
    throw err;
  }
  const destination = canonicalDestination(body.uri);
  try {
    const { component } = ask(destination ?? '');
    if (destination !== undefined) return { component, destination, body };
  } catch (err) {
    const component = componentOf(err);
    if (component === undefined) throw err;
    const reason = destination === undefined ? 'not a plain https destination' : (err as Failure).message;
    const about = { component, destination: body.uri.slice(0, 2_048) };
    refuse({ ...about, data: Buffer.from(body.data), reason });
    throw new Failure('export.refused', `${reason}; the manifest’s export-whitelist names those that are`, about);
  }
  throw new Failure('export.refused', 'the destination is not a plain https URL');
}

/** A stranger with a bad body is told about the token, not about the body. */
function unlessInvalid(ask: (destination: string) => unknown): void {
  try {
    ask('');
  } catch (err) {
    if (componentOf(err) === undefined) throw err;
  }
}

/** A valid token that does not allow this: the refusal has a name. */
const componentOf = (err: unknown): string | undefined =>
  err instanceof Failure && err.code === 'token.forbidden' && typeof err.details['component'] === 'string'
    ? err.details['component']
    : undefined;

/** @throws Failure `body.invalid`, `body.too-large` */
function dataOf(text: string): Buffer {
  const data = Buffer.from(text);
  if (data.length > dataLimitBytes) {
    throw new Failure('body.too-large', `data may have at most ${dataLimitBytes} bytes`, {
      limitBytes: dataLimitBytes,
    });
  }
  const value = parseJson(text);
  if (typeof value === 'object' && value !== null) return data;
  throw new Failure('body.invalid', 'data must be the text of a JSON object or array');
}

function keyOf(req: Request, { idempotencyKey }: Body): string | null {
  const header = req.get('idempotency-key');
  const fromHeader = header === undefined ? undefined : validate(Key, header);
  if (fromHeader !== undefined && idempotencyKey !== undefined && fromHeader !== idempotencyKey) {
    throw new Failure('body.invalid', 'header and body name different idempotency keys');
  }
  return fromHeader ?? idempotencyKey ?? null;
}

type Poll = { req: Request; res: Response; component: string; destination: string; id: string };

/** One question for unknown, foreign and delivered ids, so that they differ neither in answer nor in time. */
async function polled(parts: Parts, { req, res, component, destination, id }: Poll): Promise<Job> {
  const find = (): Job => {
    const job = parts.find(id, component);
    if (job && job.destination === destination && job.delivered === 0) return job;
    throw new Failure('export.unknown', 'there is no export of this id; an answer is delivered once');
  };
  const job = find();
  if (req.path === '/export' || job.state === 'Finished') return job;
  const given = Number(new URLSearchParams(req.url.split('?')[1]).get('timeout') ?? Number.NaN);
  const seconds = given >= 0 ? Math.min(given, longestWaitSeconds) : defaultWaitSeconds;
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  await parts.changed(job, seconds * 1_000, gone.signal);
  return find();
}

function reply({ delivered, log }: Parts, res: Response, { job, polled }: { job: Job; polled: boolean }): void {
  const finished = job.state === 'Finished';
  const answer = { status: job.status ?? '', body: job.body ?? '', ...(job.truncated === 1 && { truncated: true }) };
  if (finished && polled) {
    res.once('finish', () => {
      try {
        delivered(job);
      } catch (err) {
        // The app has its answer; it may be given once more.
        log.warn({ err, job: job.id }, 'a delivery cannot be written');
      }
    });
  }
  sendJson(res, 200, { id: job.id, state: job.state, ext_response: finished ? answer : {} });
}
