import pino from 'pino';

export type Log = pino.Logger;

/** What must never reach a log line, whatever a caller passes. */
const secrets = ['password', 'token', 'key', 'authorization', 'cookie', '["x-api-key"]', '["set-cookie"]', 'secret'];

/**
 * JSON lines on stdout; journald keeps time and rotation. `error`: the owner must act; `warn`: we coped;
 * `info`: the box changed; `debug`: per request or packet.
 */
export const createLog = (level: string): Log =>
  pino({
    level,
    base: null,
    redact: { paths: secrets.flatMap((name) => [name, `*.${name}`.replace('.[', '[')]), censor: '[redacted]' },
  });

/** For tests and for commands that print their own output. */
export const silent: Log = pino({ level: 'silent' });
