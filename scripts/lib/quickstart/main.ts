/** quickstart — builds, starts and installs what a newcomer wants to see; the shell around it prepares the machine. */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { buildImages } from './images.ts';
import { startBox, type Box } from './box.ts';
import { app, driver, login, patiently, samples, tryWhatIsRefused, type Stats } from './proof.ts';

const { values } = parseArgs({ options: { base: { type: 'string' }, once: { type: 'boolean', default: false } } });
const say = (line: string): void => console.error(line);
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
const wanted = 3;

/** The driver, its six datasources, then the app: what an owner would do at the console. */
async function install(box: Box): Promise<void> {
  say(`installing ${driver}`);
  await box.databox('install', driver, '--yes');
  await patiently('the driver to register its datasources', async () => {
    const { datasources } = (await box.ask('store', 'ls')) as { datasources?: unknown[] };
    return datasources && datasources.length < 6 ? undefined : true;
  });
  say(`installing ${app}`);
  await patiently('the datasources to be there', async () => {
    await box.databox('install', app, '--yes');
    return true;
  });
}

async function show(box: Box): Promise<void> {
  const owner = await login(box);
  const url = `https://127.0.0.1:${box.httpsPort}/`;
  const { samples: read, stats } = await samples(owner, wanted);
  const refused = await tryWhatIsRefused();
  if (values.once) {
    console.log(JSON.stringify({ url, store: `${driver}-core-store`, samples: read, stats, refused }, null, 2));
    return;
  }
  console.log(`\n${await box.databox('status')}\n\n${await box.databox('list')}\n`);
  console.log(
    `open      ${url}${app}/ui   (the certificate is the box's own: http://127.0.0.1:${box.httpPort}/ has it)`,
  );
  console.log(`password  ${box.password}\n`);
  console.log('tried from inside the app, as it was not agreed:');
  for (const { attempt, result } of refused) console.log(`  ${attempt.padEnd(50)} ${result}`);
  console.log(`\n${await box.databox('net')}\n\nCtrl-C removes all of it.\n`);
  if (!interrupted.signal.aborted) await Promise.race([live(owner), once(interrupted.signal, 'abort')]);
}

/** The app's numbers, on one line of a terminal, until it is interrupted. */
async function live(owner: Awaited<ReturnType<typeof login>>): Promise<void> {
  const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  while (!interrupted.signal.aborted) {
    const { mem } = JSON.parse(await owner.get(`/${app}/ui/stats`)) as Stats;
    const line = `free ${megabytes(mem.latest)}, lowest ${megabytes(mem.min)}, highest ${megabytes(mem.max)}, ${mem.samples} samples read`;
    process.stdout.write(process.stdout.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
    await new Promise((done) => setTimeout(done, process.stdout.isTTY ? 1_000 : 10_000));
  }
}

try {
  await using images = await buildImages(values.base, say);
  say('starting Databox');
  await using box = await startBox({ examples: images.examples, anyPorts: values.once });
  await install(box);
  await show(box);
  say('\nremoving containers, networks, rules and images');
} catch (err) {
  console.error(err);
  process.exitCode = 1;
}
process.exit();
