/** Whether an answer is one that the document gives to this request. */
import { failures, type FailureCode } from '../../../src/base/errors.ts';
import type { Described, Json } from './document.ts';
import type { Request } from './requests.ts';
import type { Answer } from './wire.ts';

/** What listeners refuse before any route is looked for. */
const beforeRoutes: readonly string[] = [
  'request.invalid',
  'request.too-large',
  'request.timeout',
  'expectation.refused',
  'body.too-large',
];

/** @returns what is wrong with it, `''` when nothing is */
export function faultOf(described: Described, request: Request, answer: Answer): string {
  const { departure, method, headers } = request;
  const { status } = answer;
  if (status < 300) {
    const isPlain = departure === 'none' || departure === 'token' || departure === 'pipeline';
    return isPlain && method !== 'OPTIONS' ? success(described, request, answer) : '';
  }
  if (status < 400) return '';
  if (method === 'HEAD') return status >= 500 && codesOf(described, request, status).length === 0 ? `a ${status}` : '';
  const isForPerson = answer.headers['content-type']?.startsWith('text/html') && headers.includes('accept: text/html');
  return isForPerson && (status === 401 || status === 404) ? '' : refusal(described, request, answer);
}

function refusal(described: Described, request: Request, { status, headers, body }: Answer): string {
  const type = headers['content-type'] ?? '';
  if (!type.startsWith('application/problem+json'))
    return `${status} is no problem: ${type} ${body.toString().slice(0, 80)}`;
  const problem = JSON.parse(body.toString()) as { code: FailureCode; status: number; title: string };
  if (!Object.hasOwn(failures, problem.code)) return `unknown code ${problem.code}`;
  if (problem.status !== status || failures[problem.code].http !== status) return `${problem.code} with ${status}`;
  if (beforeRoutes.includes(problem.code) || codesOf(described, request, status).includes(problem.code)) return '';
  // Another path or method has another list, and so has a WebSocket; none has a defect.
  const { departure } = request;
  const isElsewhere = departure === 'path' || departure === 'method' || request.headers.includes('upgrade: websocket');
  return status < 500 && isElsewhere ? '' : `undocumented ${status} ${problem.code}: ${problem.title}`;
}

const codesOf = (described: Described, { operation }: Request, status: number): string[] =>
  operation.responses[String(status)] === undefined ? [] : described.codes(operation, status);

function success(described: Described, request: Request, { status, headers, body }: Answer): string {
  const response = request.operation.responses[String(status)];
  if (!response) return `undocumented ${status}`;
  if (request.token !== 'right' && request.operation.security.length > 0) return `${status} without the right token`;
  const content = response['content'] as Record<string, { schema: Json }> | undefined;
  if (!content) return body.length === 0 ? '' : 'a body where none is documented';
  const type = (headers['content-type'] ?? '').split(';')[0] ?? '';
  const media = content[type] ?? content['*/*'];
  if (!media) return `undocumented content type ${type}`;
  if (type !== 'application/json' || content['*/*']) return '';
  const faults = described.faults(media.schema, JSON.parse(body.toString()));
  return faults === '' ? '' : `not as documented: ${faults}`;
}
