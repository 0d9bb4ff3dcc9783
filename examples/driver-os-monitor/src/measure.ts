import { freemem, loadavg } from 'node:os';
import { newDataSourceMetadata, type DataSourceMetadata, type StoreType } from '../../../src/client/index.ts';

const source = (dataSourceId: string, storeType: StoreType, about: { description: string; unit: string }) =>
  newDataSourceMetadata({ dataSourceId, storeType, vendor: 'Databox', ...about });
const load = (minutes: number) => ({ description: `Load average of ${minutes} minutes`, unit: '' });
const memory = { description: 'Free memory in bytes', unit: 'B' };

/** What this driver offers: the same figures as blobs, and two of them as numbers that a store can calculate with. */
export const datasources: readonly DataSourceMetadata[] = [
  source('loadavg1', 'ts/blob', load(1)),
  source('loadavg5', 'ts/blob', load(5)),
  source('loadavg15', 'ts/blob', load(15)),
  source('freemem', 'ts/blob', memory),
  source('loadavg1Structured', 'ts', load(1)),
  source('freememStructured', 'ts', memory),
];

/** The figures of this moment, by datasource. Load and memory are the machine's, also inside a container. */
export function measure(): Record<string, number> {
  const [one = 0, five = 0, fifteen = 0] = loadavg();
  const free = freemem();
  return {
    ...{ loadavg1: one, loadavg5: five, loadavg15: fifteen, freemem: free },
    ...{ loadavg1Structured: one, freememStructured: free },
  };
}
