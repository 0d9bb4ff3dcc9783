/** What the answer of a function is sent in: `{"Status":0,"Response":"<base64>"}`, as the original's Go library has it. Pure. */
import { DataboxError } from './errors.ts';
import type { Format } from './kv.ts';

/** `Status` 0: done, `Response` is the answer. Else it is a sentence that says what went wrong. */
export type Envelope = { Status: number; Response: string };

/** Of the original: the handler failed. */
const failure = 99;
const base64 = (bytes: string | Uint8Array): string => Buffer.from(bytes as string).toString('base64');

/** @throws TypeError when the answer cannot be sent in this format */
export function envelopeOf(answer: unknown, format: Format): Envelope {
  if (format === 'json') return { Status: 0, Response: base64(JSON.stringify(answer ?? null)) };
  if (typeof answer === 'string' || answer instanceof Uint8Array) return { Status: 0, Response: base64(answer) };
  throw new TypeError(`the answer to a ${format} call is a string or a buffer`);
}

export const failed = (err: unknown): Envelope => ({
  Status: failure,
  Response: base64(err instanceof Error ? err.message : String(err)),
});

/**
 * The answer of a function, in the format of the call. One that came without an envelope is taken as it is.
 * @throws DataboxError `function.failed`
 */
export function answerOf(body: Buffer, format: Format): unknown {
  const envelope = read(body);
  if (envelope === undefined) return valueOf(body, format);
  const bytes = Buffer.from(envelope.Response, 'base64');
  if (envelope.Status === 0) return valueOf(bytes, format);
  throw new DataboxError('function.failed', bytes.toString() || `the function ended with status ${envelope.Status}`);
}

function read(body: Buffer): Envelope | undefined {
  const value = jsonOf(body.toString());
  if (typeof value !== 'object' || value === null) return undefined;
  const { Status, Response } = value as Partial<Envelope>;
  return typeof Status === 'number' && typeof Response === 'string' ? { Status, Response } : undefined;
}

const valueOf = (bytes: Buffer, format: Format): unknown =>
  format === 'binary' ? bytes : format === 'text' ? bytes.toString() : jsonOf(bytes.toString());

/** Functions may answer a JSON call with plain words. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
