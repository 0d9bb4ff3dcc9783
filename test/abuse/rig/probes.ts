import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { run } from '../../../src/base/run.ts';
import { startProgram } from './process.ts';
import { until } from './until.ts';

/** What a sender tries. `tcp` without `data` only connects; `raw` sends one packet with any source address. */
export type Probe =
  | {
      kind: 'tcp' | 'udp';
      address: string;
      port: number;
      data?: string;
      hex?: string;
      timeout?: number;
      from?: string;
      sport?: number;
      interface?: string;
    }
  | {
      kind: 'raw';
      protocol: string;
      address: string;
      from: string;
      port?: number;
      sport?: number;
      data?: string;
      flags?: string;
      seq?: number;
      ack?: number;
      type?: number;
      mac?: string;
      interface?: string;
    };

const Sent = z.object({ answer: z.string(), data: z.string().optional() });
/** `connected`, `data` (as hex), `sent`, `timeout`, or the name of the system's error. */
export type Sent = z.infer<typeof Sent>;

const Packet = z.object({
  at: z.number(),
  interface: z.string(),
  sent: z.boolean(),
  version: z.union([z.literal(4), z.literal(6)]),
  src: z.string(),
  dst: z.string(),
  protocol: z.string(),
  sport: z.number().optional(),
  dport: z.number().optional(),
  flags: z.string().optional(),
  seq: z.number().optional(),
  ack: z.number().optional(),
  type: z.number().optional(),
  data: z.string(),
});
export type Packet = z.infer<typeof Packet>;

const Arrival = z.object({ protocol: z.enum(['tcp', 'udp']), port: z.number(), from: z.string(), data: z.string() });
/** A connection or datagram that a listener got. */
export type Arrival = z.infer<typeof Arrival>;

export type Watch = AsyncDisposable & {
  /** Packets so far; `sent` tells which way as seen from the watched network. */
  packets(accept?: (packet: Packet) => boolean): Packet[];
  until(accept: (packet: Packet) => boolean, timeoutMs?: number): Promise<Packet>;
};
export type Listening = AsyncDisposable & { arrivals(): Arrival[]; until(count: number): Promise<Arrival[]> };
export type Listen = { protocol: 'tcp' | 'udp'; address: string; port: number };

/** A network whose programs can be probed from: argv prefix of `nsenter` and the like. */
export type Into = (argv: readonly string[]) => string[];

const script = fileURLToPath(new URL('probe.py', import.meta.url));
// The distribution's own: a shim on the PATH may need the home folder.
const python = (mode: string): string[] => ['/usr/bin/python3', '-u', script, mode];

/** Runs all probes at once (64 lanes) and returns what each met, in order. */
export async function send(into: Into, probes: readonly Probe[]): Promise<Sent[]> {
  const [file = '', ...argv] = into(python('send'));
  const printed = await run(file, argv, { input: `${JSON.stringify(probes)}\n`, timeoutMs: 120_000 });
  return z.array(Sent).parse(JSON.parse(printed));
}

/** Sees every IP packet on every interface of a network (not loopback), before any rule has judged it. */
export async function watch(into: Into): Promise<Watch> {
  const program = startProgram(into(python('watch')));
  await program.line((line) => line.includes('ready'));
  const packets: Watch['packets'] = (accept = () => true) =>
    program.lines
      .slice(1)
      .map((line) => Packet.parse(JSON.parse(line)))
      .filter(accept);
  return {
    packets,
    until: (accept, timeoutMs = 5_000) => until('a packet', () => packets(accept)[0], { timeoutMs }),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

/** Opens doors, echoes what they get, and records who came. */
export async function listen(into: Into, doors: readonly Listen[]): Promise<Listening> {
  const program = startProgram(into(python('listen')));
  program.write(`${JSON.stringify(doors)}\n`);
  await program.line((line) => line.includes('ready'));
  const arrivals = () => program.lines.slice(1).map((line) => Arrival.parse(JSON.parse(line)));
  return {
    arrivals,
    until: (count) =>
      until(`${count} arrivals`, () => (arrivals().length >= count ? arrivals() : undefined), { timeoutMs: 5_000 }),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}
