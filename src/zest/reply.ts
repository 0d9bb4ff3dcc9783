/** reply — the frames that go out: answers and events. Pure. */
import { encode, formatNumbers, optionNumbers, uint, type Format, type Message } from './codec.ts';
import { codes, outcomeOf, type Code } from './codes.ts';
import type { Answer, Event } from './service.ts';

const nothing = new Uint8Array();
const bytesOf = (body: Uint8Array | string): Uint8Array => (typeof body === 'string' ? Buffer.from(body) : body);

/** Never with a token: clients of Go and Python misread a reply that has one. */
const frame = (code: Code, options: Message['options'] = [], payload: Uint8Array = nothing): Buffer =>
  encode({ code, token: nothing, options, payload });
const formatOption = (format: Format) => [optionNumbers.format, uint(formatNumbers[format], 2)] as const;
const keyOption = (publicKey: string) => [optionNumbers.publicKey, Buffer.from(publicKey, 'latin1')] as const;

const bares = new Map(Object.values(codes).map((code) => [code, frame(code)]));
/** 65 and 66 are empty: clients compare with the empty text. One for all: it is sent, and not changed. */
export const bare = (code: Code): Buffer => bares.get(code) ?? frame(code);

export function answerFrame(answer: Answer): Buffer {
  if (answer.did !== 'content') return bare(codes[answer.did]);
  return frame(codes.content, [formatOption(answer.format)], bytesOf(answer.body));
}

/** @param publicKey  of the push socket, 40 characters of Z85; @param identity  under which events will come */
export const observeFrame = (publicKey: string, identity: string): Buffer =>
  frame(codes.content, [formatOption('text'), keyOption(publicKey)], Buffer.from(identity));

export const notifyFrame = (publicKey: string): Buffer => frame(codes.created, [keyOption(publicKey)]);

/** What an observer is sent at the end of its observation. */
export const endFrame = bare(codes.unavailable);

/** @param target  the store or arbiter that tells */
export function eventFrame(event: Event, target: string): Buffer {
  const words = Buffer.from(wordsOf(event, target).join(' '));
  const line = event.mode === 'audit' ? words : Buffer.concat([words, Buffer.from(' '), bytesOf(event.body)]);
  return frame(codes.content, [formatOption(event.format)], line);
}

/** Clients split at spaces; the last field is the rest of the line. */
function wordsOf(event: Event, target: string): (string | number)[] {
  const { timestamp, path, format } = event;
  if (event.mode === 'data') return [timestamp, path, format];
  if (event.mode === 'notification') return [timestamp, event.component, event.response, format];
  const { method, code } = outcomeOf(event);
  return [timestamp, target, event.component ?? 'unknown', method, path, code];
}
