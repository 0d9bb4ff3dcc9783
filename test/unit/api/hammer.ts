/** Sends random requests of a document to a running server, and judges each answer. */
import fc from 'fast-check';
import type { Duplex } from 'node:stream';
import type { Described } from './document.ts';
import { bytesOf, requests, type Request, type Samples } from './requests.ts';
import { faultOf } from './verdict.ts';
import { exchange } from './wire.ts';

export type Surface = {
  described: Described;
  connect: () => Promise<Duplex>;
  host: string;
  /** Header lines that say who asks. */
  proof: (request: Request) => Promise<string[]>;
  samples?: Samples;
  /** Brings about what a request needs to succeed, when another one may have ended it. */
  prepare?: (request: Request) => void;
  /** Operations that a test of its own covers. */
  skip?: readonly string[];
};

/** How many requests: 2,000 over all surfaces, 50,000 with DATABOX_TEST_FULL=1. */
export const share = (normal: number, full: number): number => (process.env['DATABOX_TEST_FULL'] ? full : normal);
/** Printed, and taken from DATABOX_FUZZ_SEED to repeat a run. */
export const seed = Number(process.env['DATABOX_FUZZ_SEED'] ?? Date.now() & 0x7fffffff);

/** Of a store: only watched, or refused while nobody watches or answers. observation.test.ts and functions.test.ts have them. */
export const needsOthers = [
  'GET /ts/{id}',
  'GET /ts/blob/{id}',
  'GET /notification/request/{name}/{job}',
  'POST /notification/request/{name}/{job}',
  'GET /notification/response/{name}/{job}',
];

const nameOf = ({ method, path }: Described['operations'][number]): string => `${method} ${path}`;

/** Random requests, each judged; then valid ones of each operation until one succeeds. @returns those that never did */
export async function hammer(surface: Surface, numRuns: number): Promise<string[]> {
  const { described, samples = {}, skip = [] } = surface;
  const operations = described.operations.filter((operation) => !skip.includes(nameOf(operation)));
  const succeeded = new Set<string>();
  const judge = fc.asyncProperty(requests(described, operations, samples), async (request) => {
    if (await judged(surface, request)) succeeded.add(`${request.method} ${request.template}`);
  });
  await fc.assert(judge, { numRuns, seed, endOnFailure: true });
  for (const operation of operations) {
    if (succeeded.has(nameOf(operation))) continue;
    const some = fc.sample(requests(described, [operation], samples), { numRuns: 60, seed });
    for (const request of some.filter(({ departure }) => departure === 'none')) {
      if (await judged(surface, request)) succeeded.add(nameOf(operation));
      if (succeeded.has(nameOf(operation))) break;
    }
  }
  return operations.map(nameOf).filter((operation) => !succeeded.has(operation));
}

/** Sends it. @returns whether a valid request succeeded. @throws what is wrong with an answer, or that none came */
async function judged({ described, connect, host, proof, prepare }: Surface, request: Request): Promise<boolean> {
  const { token, times, method, target, departure, body, end } = request;
  prepare?.(request);
  const proofs = { none: () => [], wrong: () => ['x-api-key: a.b.c'], right: () => proof(request) };
  const bytes = bytesOf(request, host, await proofs[token]());
  const methods = Array.from({ length: times }, () => method);
  const answers = await exchange(connect, { bytes, methods, ...(end && { end }) });
  // Who sends on after a refusal may lose it with the connection.
  if (answers.length === 0 && end === undefined && (body?.length ?? 0) < 60_000) {
    throw new Error(`${method} ${target}: no answer`);
  }
  for (const answer of answers) {
    const fault = faultOf(described, request, answer);
    if (fault !== '') throw new Error(`${method} ${target} (${departure}): ${fault}`);
  }
  return departure === 'none' && answers.some(({ status }) => status < 400);
}
