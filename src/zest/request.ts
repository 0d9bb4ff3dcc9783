/** request — what a message asks for. Pure, but for what a reader remembers of the last ones. */
import { isUtf8 } from 'node:buffer';
import { Failure } from '../base/errors.ts';
import type { Method } from '../base/names.ts';
import { decode, formatNumbers, formats, optionNumbers, type Message } from './codec.ts';
import { modes, type Mode, type Request } from './service.ts';

/** GET observes, with option 6; there is no PUT. */
const methodOf: ReadonlyMap<number, Method> = new Map([
  [1, 'GET'],
  [2, 'POST'],
  [4, 'DELETE'],
]);

export type Asked = Omit<Request, 'caller'> & {
  /** Present: an observation. `maxAgeMs` Infinity: it never ends by itself. */
  observe?: { mode: Mode; maxAgeMs: number };
};

/**
 * Of an option that comes twice the last one counts; what is unknown is ignored. Every request has a host, a path and a
 * content format, and an observation has a max_age.
 * @throws Failure `frame.invalid`
 */
export function readRequest(frame: Buffer): Asked {
  const { code, token, options, payload } = decode(frame);
  const method = methodOf.get(code);
  if (method === undefined) throw invalid(`${code} is no method: 1 is GET, 2 POST, 4 DELETE`);
  const asked: Asked = {
    method,
    // No token or key of ours has other than ASCII letters: what is no UTF-8 need not survive.
    token: token.toString(),
    host: hostOf(options),
    path: textOf(options, 'path'),
    format: formatOf(options),
    body: payload,
  };
  const mode = method === 'GET' ? modeOf(lastOf(options, 'observe')) : undefined;
  if (mode === undefined) return asked;
  const seconds = uintOf(options, 'maxAge', 4);
  return { ...asked, observe: { mode, maxAgeMs: seconds === 0 ? Infinity : seconds * 1_000 } };
}

/**
 * `readRequest` for the door of many who ask for the same again and again: of what is byte by byte as in the last frame of the
 * same client only the body is read. Nothing that is checked is remembered here.
 * @param client  its name, which may pass to another one: only equal bytes count
 */
export function createReader(): (frame: Buffer, client: string) => Asked {
  const last = new Map<string, { head: string; asked: Asked }>();
  return (frame, client) => {
    const known = last.get(client);
    const end = known?.head.length ?? 0;
    if (known && frame.toString('latin1', 0, end) === known.head) return { ...known.asked, body: frame.subarray(end) };
    const asked = readRequest(frame);
    if (frame.length > kept.longestFrame) return asked;
    // Who has gone is not told.
    if (last.size >= kept.clients) last.clear();
    // As text: a frame lies in memory of the library's, and kept ones are given back long after, one among many.
    const head = frame.toString('latin1', 0, frame.length - asked.body.length);
    last.set(client, { head, asked: { ...asked, body: nothing } });
    return asked;
  };
}

const nothing = Buffer.alloc(0);
const kept = { clients: 256, longestFrame: 2_048 };

type Values = Message<Buffer>['options'];
type Option = keyof typeof optionNumbers;

const lastOf = (values: Values, option: Option): Buffer | undefined =>
  values.findLast(([number]) => number === optionNumbers[option])?.[1];

function valueOf(values: Values, option: Option): Buffer {
  const value = lastOf(values, option);
  if (value === undefined) throw invalid(`option ${optionNumbers[option]} (${option}) is missing`);
  return value;
}

function textOf(values: Values, option: Option): string {
  const value = valueOf(values, option);
  if (!isUtf8(value)) throw invalid(`option ${optionNumbers[option]} (${option}) is not UTF-8`);
  return value.toString();
}

function formatOf(values: Values): Asked['format'] {
  const number = uintOf(values, 'format', 2);
  return formats.find((name) => formatNumbers[name] === number) ?? null;
}

/** It is a word of event lines, whose words are parted by spaces. */
function hostOf(values: Values): string {
  const host = textOf(values, 'host');
  if (/^[\x21-\x7e]{0,255}$/.test(host)) return host;
  throw invalid('option 3 (host) must be a host name');
}

function uintOf(values: Values, option: Option, bytes: number): number {
  const value = valueOf(values, option);
  if (value.length !== bytes) throw invalid(`option ${optionNumbers[option]} (${option}) must have ${bytes} bytes`);
  return value.readUIntBE(0, bytes);
}

/** Clients of Node say nothing and mean data. What is no mode is no observation. */
function modeOf(value: Buffer | undefined): Mode | undefined {
  if (value === undefined) return undefined;
  const text = value.toString('latin1');
  return text === '' ? 'data' : modes.find((mode) => mode === text);
}

const invalid = (why: string): Failure => new Failure('frame.invalid', why);
