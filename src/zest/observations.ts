/** observations — what is asked of a push door: to be told of a path, or the answer of a function. */
import { randomUUID } from 'node:crypto';
import { Failure } from '../base/errors.ts';
import { begin, createDesk, leave, remove, resume, type DeskOptions } from './desk.ts';
import type { Mode, Request } from './service.ts';
import type { Row } from './sql.ts';

export type Observations = Disposable & {
  /** @returns the identity under which events are sent. @throws what the service does; Failure `rate.exceeded` */
  observe(request: Request, wanted: { mode: Mode; maxAgeMs: number }): string;
  /** The path of the request becomes the identity. @throws what the service does; Failure `function.taken` */
  take(request: Request): void;
  /** Whoever had it has gone. */
  lose(identity: string): void;
  /** Goes on with what was observed before the last stop. */
  resume(): void;
};

/** The answer of a function is waited for that long. */
const answerMs = 600_000;
/** The library takes no longer name of a peer. */
const longestIdentity = 255;

export function createObservations(options: DeskOptions): Observations {
  const desk = createDesk(options);
  return {
    observe(request, { mode, maxAgeMs }) {
      const identity = randomUUID();
      begin(desk, rowOf(request, { identity, mode, lifeMs: maxAgeMs }), false);
      return identity;
    },
    take(request) {
      if (Buffer.byteLength(request.path) > longestIdentity) {
        throw new Failure('path.invalid', `the path of an answer may have at most ${longestIdentity} bytes`);
      }
      begin(desk, rowOf(request, { identity: request.path, mode: 'answer', lifeMs: answerMs }), false);
    },
    lose: (identity) => remove(desk, identity),
    resume: () => resume(desk),
    [Symbol.dispose]: () => leave(desk),
  };
}

type About = Pick<Row, 'identity' | 'mode'> & { lifeMs: number };
function rowOf({ path, format, host, token, caller }: Request, { identity, mode, lifeMs }: About): Row {
  if (format === null) throw new Failure('content.unsupported', 'the content format must be 0, 42 or 50');
  const until = lifeMs === Infinity ? null : Date.now() + lifeMs;
  return { identity, mode, path, format, host, token, caller, until };
}
