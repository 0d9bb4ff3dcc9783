/** A desk that stops, or is killed, and starts again with its state: observers of the original's libraries never ask again. */
import { folder, startDesk } from './programs.ts';
import { connect, observe } from './raw.ts';

const observers = 100;
/** A client tries again about ten times a second, and shakes hands anew. A slow machine takes its time. */
const backMs = 60_000;

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'after %s all observers carry on, with the token that they had',
  async (signal) => {
    using state = folder();
    const first = await startDesk(state.dir);
    const [post, get] = [await first.token('POST'), await first.token('GET')];
    const paths = Array.from({ length: observers }, (_, n) => `/kv/a/k${n}`);
    using up = new DisposableStack();
    const all = await Promise.all(
      paths.map(async (path) => ({ path, observer: up.use(await observe(first.store, path, { token: get })) })),
    );
    const tell = async (at: typeof first, word: string): Promise<void> => {
      using writer = connect(at.store);
      for (const path of paths) {
        expect((await writer.ask(`POST ${path}`, { token: post, body: `{"said":"${word}"}` })).code).toBe(65);
      }
    };
    const heard = (): Promise<string[]> =>
      Promise.all(all.map(async ({ observer }) => (await observer.next()).payload.replace(/^\d{13} /, '')));
    const expected = (word: string): string[] => paths.map((path) => `${path} json {"said":"${word}"}`);
    await tell(first, 'before');
    expect(await heard()).toEqual(expected('before'));
    await first.end(signal);
    await using second = await startDesk(state.dir, first.store);
    // What is written before an observer is back waits for it a while only: a test that a slow machine passes says it again.
    const missing = new Map(all.map(({ path, observer }) => [path, observer]));
    const end = performance.now() + backMs;
    const seen: string[] = [];
    while (missing.size > 0 && performance.now() < end) {
      await tell(second, 'after');
      for (const [path, { socket, next }] of [...missing]) {
        socket.receiveTimeout = 1_000;
        const reply = await next().catch(() => undefined);
        if (!reply) continue;
        missing.delete(path);
        seen.push(reply.payload.replace(/^\d{13} /, ''));
      }
    }
    expect([...missing.keys()]).toEqual([]);
    expect(seen.toSorted()).toEqual(expected('after').toSorted());
  },
  240_000,
);
