/** The words that the conformance tables are written in. */

/** Each step is a request and what must come back, in order, on a store of its own. Bodies are compared as text. */
export type Step = [
  request: string,
  body: string | null,
  status: number,
  reply?: string | RegExp,
  headers?: Record<string, string>,
];
export const text = { 'content-type': 'text/plain', accept: 'text/plain' };
export const binary = { 'content-type': 'application/octet-stream', accept: 'application/octet-stream' };

export const timed = (path: string, entries: [time: number, body: string][]): Step[] =>
  entries.map(([time, body]) => [`POST ${path}/at/${time}`, body, 201, '']);
export const entry = (timestamp: number, data: string): string => `{"timestamp":${timestamp},"data":${data}}`;
export const entries = (...list: [number, number | string][]): string =>
  `[${list.map(([time, value]) => entry(time, typeof value === 'number' ? `{"value":${value}}` : value)).join(',')}]`;

export const get = (path: string, reply: string | RegExp, status = 200): Step => [`GET ${path}`, null, status, reply];

/** 1 at 10 (red), 2 at 20 (green), 3 at 30 (dark red), 4 at 30 too (no tag), 5 at −5. */
export const colours: Step[] = timed('/ts/a', [
  [10, '{"value":1,"colour":"red"}'],
  [20, '{"value":2,"colour":"green"}'],
  [30, '{"value":3,"colour":"dark red"}'],
  [30, '{"value":4}'],
  [-5, '{"value":5}'],
]);
export const red = '{"value":1,"colour":"red"}';
export const green = '{"value":2,"colour":"green"}';
export const darkRed = '{"value":3,"colour":"dark red"}';
