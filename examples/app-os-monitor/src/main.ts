/** app-os-monitor — charts what driver-os-monitor measures, and exports a summary when its owner asks for it. */
// In a project of your own: from 'databox/client'.
import { connect, type DataSource } from '../../../src/client/index.ts';
import { memoryChart } from './chart.ts';
import { follow, type Feed } from './feeds.ts';
import { page } from './page.ts';
import { summarise } from './statistics.ts';
import { html, json, serve, text } from './web.ts';

/** As in databox-manifest.json. */
const destination = 'https://export.amar.io/';
const clientids = ['loadavg1', 'loadavg5', 'loadavg15', 'freemem', 'loadavg1Structured', 'freememStructured'] as const;

const box = connect();
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());

const feeds = new Map<string, Feed>();
for (const clientid of clientids) {
  const [source]: DataSource[] = box.datasources(clientid);
  if (source) feeds.set(clientid, follow(source, stop.signal));
  else console.error(`nothing was chosen for ${clientid}`);
}
const summaryOf = (clientid: (typeof clientids)[number]) => {
  const { samples = [], read = 0 } = feeds.get(clientid) ?? {};
  return summarise(samples, read);
};
const statistics = () => ({
  mem: summaryOf('freemem'),
  load: { 1: summaryOf('loadavg1'), 5: summaryOf('loadavg5'), 15: summaryOf('loadavg15') },
  structured: { mem: summaryOf('freememStructured'), load: summaryOf('loadavg1Structured') },
});

const server = serve(
  {
    'GET /status': () => text('active'),
    'GET /ui': () => html(page),
    'GET /ui/stats': () => json(statistics()),
    'GET /ui/series': () => json(Object.fromEntries(feeds)),
    'GET /ui/mem.png': () => ({ type: 'image/png', body: memoryChart(feeds.get('freemem')?.samples ?? []) }),
    // Only what the owner agreed to leaves: another destination is refused by the box, not by this app.
    'POST /ui/export': async (query) => {
      const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(60_000)]);
      return json(await box.export.send(query.get('destination') ?? destination, statistics(), { signal }));
    },
  },
  box.httpsCredentials(),
);

stop.signal.addEventListener('abort', () => {
  server.close();
  server.closeAllConnections();
  box[Symbol.dispose]();
});
