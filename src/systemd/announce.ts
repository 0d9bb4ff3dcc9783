/** announce — the life of the box as systemd follows it: starting, ready, how it does, stopping. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../base/log.ts';
import { createNotify, type Notify } from './notify.ts';
import { type Condition, line, sentenceOf } from './sentence.ts';
import { feedWatchdog, limitOf, type Threads } from './watchdog.ts';

const variables = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'] as const;
export type ServiceEnvironment = Partial<Record<(typeof variables)[number], string>>;

export type Announced = Disposable & {
  /** The owner's door is open. Follows how the box does, and feeds the watchdog, until it stops. */
  ready(box: { status(): Promise<Condition>; threads: Threads }): Promise<void>;
  /** The way down begins. @param why what failed, if something did */
  stopping(why?: string): void;
};

/** Each message during the start asks for this long, three times as often: a start that stands still is ended after it. */
const extensionMs = 60_000;
const askEveryMs = extensionMs / 3;
/** One that waits for what never comes asks no more after ten minutes: no start takes that long, images are pulled after it. */
const asksAtMost = 600_000 / askEveryMs;
const lookMs = 30_000;

/** Takes systemd's variables out of the environment: programs that we start are not the service. */
export function takeEnvironment(env: Record<string, string | undefined>): ServiceEnvironment {
  const taken = Object.fromEntries(variables.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
  for (const name of variables) delete env[name];
  return taken;
}

/**
 * Says that the box starts, and asks for time while it does: images may have to be pulled.
 * @throws Error when the socket that the environment names takes nothing: systemd would end the box for its silence
 */
export function announce({
  environment,
  log,
  pid,
}: {
  environment: ServiceEnvironment;
  log: Log;
  pid: number;
}): Announced {
  const tell = createNotify(environment.NOTIFY_SOCKET);
  const isHeard = environment.NOTIFY_SOCKET !== undefined;
  const limitMs = limitOf(environment.WATCHDOG_USEC, environment.WATCHDOG_PID, pid);
  const over = new AbortController();
  const more = `EXTEND_TIMEOUT_USEC=${extensionMs * 1_000}`;
  tell(`STATUS=starting\n${more}`);
  const notify = forgiving(tell, log);
  const extending = extend(() => notify(more), log);
  return {
    async ready(box) {
      clearInterval(extending);
      if (!isHeard) return;
      const sentence = async (): Promise<string> => sentenceOf(await box.status());
      const first = await sentence().catch(() => 'ready');
      tell(`READY=1\nSTATUS=${first}`);
      const { signal } = over;
      if (limitMs !== undefined) void feedWatchdog({ limitMs, threads: box.threads, notify, log, signal });
      void follow({ sentence, first, notify, log, signal });
    },
    stopping(why) {
      over.abort();
      notify(`STOPPING=1\nSTATUS=${why === undefined ? 'stopping' : line(`stopping: ${why}`)}`);
    },
    [Symbol.dispose]() {
      clearInterval(extending);
      over.abort();
    },
  };
}

/** Asks from time to time, but not for ever. */
function extend(ask: () => void, log: Log): NodeJS.Timeout {
  let left = asksAtMost;
  const timer = setInterval(() => {
    if (left-- > 0) return ask();
    clearInterval(timer);
    // Told before systemd ends us: afterwards nobody could say why.
    log.error('the start takes too long; systemd will end it within a minute');
  }, askEveryMs).unref();
  return timer;
}

/** Once heard, a message that is lost is no reason to end the box; systemd may be about to execute itself anew. */
const forgiving =
  (notify: Notify, log: Log): Notify =>
  (state) => {
    try {
      notify(state);
    } catch (err) {
      log.warn({ err }, 'systemd does not listen');
    }
  };

type Following = { sentence: () => Promise<string>; first: string; notify: Notify; log: Log; signal: AbortSignal };

/** Tells each new sentence. */
async function follow({ sentence, first, notify, log, signal }: Following): Promise<void> {
  let last = first;
  while (!signal.aborted) {
    await sleep(lookMs, undefined, { signal, ref: false }).catch(() => {});
    if (signal.aborted) return;
    const now = await sentence().catch((err: unknown) => void log.debug({ err }, 'status unknown'));
    if (signal.aborted || now === undefined || now === last) continue;
    notify(`STATUS=${now}`);
    last = now;
  }
}
