/** The quickstart itself: images, a Databox of its own, two installs, and what came of it. Standard output is the proof. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { buildImages } from './quickstart-images.ts';
import { startBox, type Box } from './quickstart-box.ts';

const [driver, app] = ['driver-os-monitor', 'app-os-monitor'] as const;
const store = `${driver}-core-store`;
const datasources = {
  ...{ loadavg1: 'ts/blob', loadavg5: 'ts/blob', loadavg15: 'ts/blob', freemem: 'ts/blob' },
  ...{ loadavg1Structured: 'ts', freememStructured: 'ts' },
};
const enough = 3;
const dataWithinMs = 60_000;

type Sample = { timestamp: number; value: number };
type Series = Record<keyof typeof datasources, { samples: Sample[]; trouble: string | null }>;
export type Flags = { once: boolean; base: string | undefined; httpsPort: number; httpPort: number };

const say = (text: string): void => console.error(text);

function flags(): Flags {
  const text = { type: 'string' } as const;
  const options = { once: { type: 'boolean' }, base: text, 'https-port': text, 'http-port': text } as const;
  const { values } = parseArgs({ options });
  return {
    once: values.once ?? false,
    base: values.base,
    httpsPort: Number(values['https-port'] ?? 443),
    httpPort: Number(values['http-port'] ?? 80),
  };
}

async function quickstart({ once, base, ...ports }: Flags, signal: AbortSignal): Promise<void> {
  await using up = new AsyncDisposableStack();
  const id = randomBytes(3).toString('hex');
  say('building the images of the two examples');
  const images = up.use(await buildImages({ id, base, signal }));
  say('starting Databox');
  const box = up.use(await startBox({ id, manifests: images.manifests, ports, signal }));
  await box.databox(['install', driver, '--yes']);
  const chosen = Object.entries(datasources).map(([name, kind]) => `${name}=tcp://${store}:5555/${kind}/${name}`);
  await box.databox(['install', app, '--yes', ...chosen.flatMap((choice) => ['--datasource', choice])]);
  say('waiting for data');
  const samples = await firstSamples(box, signal);
  await box.trespass(app);
  if (once) console.log(JSON.stringify(await proof(box, samples), null, 2));
  else await show(box, signal);
  say('removing everything');
}

/** What the app has read by now, over its token, from the driver's store. */
async function firstSamples(box: Box, signal: AbortSignal): Promise<Sample[]> {
  const deadline = Date.now() + dataWithinMs;
  for (;;) {
    const series = (await box.page(`/${app}/ui/series`).catch(() => undefined)) as Series | undefined;
    const samples = series?.freememStructured.samples ?? [];
    if (samples.length >= enough) return samples;
    if (Date.now() > deadline) throw new Error(`no data after ${dataWithinMs} ms: ${JSON.stringify(series ?? null)}`);
    await sleep(250, undefined, { signal });
  }
}

async function proof(box: Box, samples: Sample[]): Promise<object> {
  const { refused, names } = (await box.ask(['net'])) as { refused: unknown[]; names: unknown[] };
  return {
    ...{ url: box.url, app, driver, store, datasource: 'freememStructured', samples },
    stats: await box.page(`/${app}/ui/stats`),
    status: await box.ask(['status']),
    refused: { flows: refused, names },
  };
}

async function show(box: Box, signal: AbortSignal): Promise<void> {
  await box.databox(['status']);
  await box.databox(['net']);
  say(`\n${box.url}${app}/ui   password: ${box.password}\nCtrl-C ends and removes all of it.\n`);
  while (!signal.aborted) {
    const { mem } = (await box.page(`/${app}/ui/stats`)) as { mem: { latest: number; mean: number; samples: number } };
    const mb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
    say(`free memory ${mb(mem.latest)}, mean ${mb(mem.mean)} of ${mem.samples} samples`);
    await sleep(2_000, undefined, { signal }).catch(() => undefined);
  }
}

const stop = new AbortController();
// Kept on: a second Ctrl-C must not interrupt the clean-up.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
try {
  await quickstart(flags(), stop.signal);
} catch (err) {
  process.exitCode = stop.signal.aborted ? 130 : 1;
  say(stop.signal.aborted ? 'interrupted' : `quickstart: ${err instanceof Error ? err.message : String(err)}`);
}
