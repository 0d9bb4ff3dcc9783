/**
 * network — what enforcement costs: the same transfer from a real container to a service address of the box, through
 * the tables and through plain ACCEPT rules (Docker bridge, one DNAT), in alternating rounds.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEngine, type Engine } from '../abuse/rig/engine.ts';
import { openHouse, type House } from '../abuse/rig/house.ts';
import { loadProbeImage, probeImage } from '../abuse/rig/images.ts';
import { startProgram } from '../abuse/rig/process.ts';
import { run } from '../../src/base/run.ts';
import type { Place } from '../../src/network/index.ts';
import { median, ratio, type Result } from './result.ts';

type Started = { place: Place; sink: { address: string; port: number } };
type Way = { container: string; host: string; port: number };
const rounds = 7;
const megabytes = 768;
const connections = 3_000;
const here = fileURLToPath(new URL('.', import.meta.url));
const sender = readFileSync(join(here, 'network/sender.ts'), 'utf8');

export async function measure(): Promise<Result[]> {
  await using house = await openHouse();
  await using engine = await startEngine(house);
  await loadProbeImage(house, engine);
  await using box = startProgram(
    house.asBox([process.execPath, join(here, 'network/box.ts'), engine.host, join(house.dir, 'network')]),
  );
  const { place, sink } = JSON.parse(await box.line((line) => line.startsWith('{'))) as Started;
  const enforced = await throughTables(engine, place);
  const plain = await throughAccept(house, engine, sink);
  const results = [
    await compare({ engine, enforced, plain, name: 'throughput, app to store address', mode: 'transfer' }),
    await compare({ engine, enforced, plain, name: 'new connections, 16 at a time', mode: 'connections' }),
  ];
  box.child.stdin?.end();
  await box.exited;
  return results;
}

/** A component's container as the manager creates it, as far as packets are concerned. */
async function throughTables(engine: Engine, place: Place): Promise<Way> {
  const own = ['--network', place.network, '--ip', place.address, '--dns', place.gateway];
  const resolver = ['--mount', `type=bind,readonly,source=${place.resolvConf},target=/etc/resolv.conf`];
  await engine.docker(['run', '-d', '--name', 'bench', ...own, ...resolver, probeImage, 'sleep', '3600']);
  return { container: 'bench', host: 'sink', port: 8080 };
}

/** The same container on a bridge of Docker's own, with a DNAT to the same listener and ACCEPT. */
async function throughAccept(house: House, engine: Engine, sink: Started['sink']): Promise<Way> {
  const subnet = '172.30.77.0/24';
  await engine.docker([
    'network',
    'create',
    '--subnet',
    subnet,
    '-o',
    'com.docker.network.bridge.name=plain0',
    'plain',
  ]);
  const to = ['-j', 'DNAT', '--to-destination', `${sink.address}:${sink.port}`];
  const nat = ['iptables', '-t', 'nat', '-I', 'PREROUTING', '-i', 'plain0', '-p', 'tcp', '--dport', '9', ...to];
  for (const argv of [nat, ['iptables', '-I', 'INPUT', '-i', 'plain0', '-j', 'ACCEPT']]) {
    const [file = '', ...rest] = house.asBox(argv);
    await run(file, rest);
  }
  await engine.docker(['run', '-d', '--name', 'plain', '--network', 'plain', probeImage, 'sleep', '3600']);
  return { container: 'plain', host: '172.30.77.1', port: 9 };
}

type Comparison = { engine: Engine; enforced: Way; plain: Way; name: string; mode: 'transfer' | 'connections' };

async function compare({ engine, enforced, plain, name, mode }: Comparison): Promise<Result> {
  const amount = mode === 'transfer' ? megabytes : connections;
  const rate = async ({ container, host, port }: Way) =>
    Number(
      await engine.docker([
        'exec',
        container,
        'node',
        '--input-type=module-typescript',
        '-e',
        sender,
        '--',
        mode,
        host,
        `${port}`,
        `${amount}`,
      ]),
    );
  const rates: [number, number][] = [];
  for (let round = 0; round < rounds; round++) rates.push([await rate(enforced), await rate(plain)]);
  const [with_, without] = [median(rates.map(([a]) => a)), median(rates.map(([, b]) => b))];
  // Every new flow costs a verdict.
  const goal = mode === 'transfer' ? 0.9 : 0.5;
  const unit = mode === 'transfer' ? 'MiB/s' : 'connections/s';
  const figures = { enforced: Math.round(with_), plain: Math.round(without), rounds };
  return {
    ...ratio(`${name} ÷ plain ACCEPT rules`, with_ / without, { goal, better: 'higher', figures }),
    unitOfBoth: unit,
  };
}
