import { z } from 'zod';
import { run, type RunOptions } from '../../../src/base/run.ts';
import type { Engine } from './engine.ts';
import {
  listen,
  send,
  watch,
  type Into,
  type Listen,
  type Listening,
  type Probe,
  type Sent,
  type Watch,
} from './probes.ts';
import { startProgram, type Program } from './process.ts';

/** A network seen from within, with full rights. */
export type Vantage = {
  send(probes: readonly Probe[]): Promise<Sent[]>;
  watch(): Promise<Watch>;
  listen(doors: readonly Listen[]): Promise<Listening>;
  /** Runs a program of the machine in this network. */
  run(argv: readonly string[], options?: RunOptions): Promise<string>;
};

export const vantage = (into: Into): Vantage => ({
  send: (probes) => send(into, probes),
  watch: () => watch(into),
  listen: (doors) => listen(into, doors),
  run(argv, options) {
    const [file = '', ...rest] = into(argv);
    return run(file, rest, options);
  },
});

const AppAnswer = z.object({
  status: z.number().optional(),
  body: z.string().default(''),
  headers: z.record(z.string(), z.unknown()).default({}),
  error: z.string().optional(),
});
/** What the app got: a status and a body, or the error its request met. */
export type AppAnswer = z.infer<typeof AppAnswer>;
export type AppAsk = {
  method?: string;
  url: string;
  headers?: Record<string, string>;
  body?: string;
  timeoutMs?: number;
  /** Take any certificate: sites of the outside, whose authority the box's components do not know. */
  anyCertificate?: boolean;
};

export type Inside = {
  readonly name: string;
  /** Runs a program in the container as the component's user. */
  exec(argv: readonly string[], options?: RunOptions): Promise<string>;
  /** The same for one that goes on. */
  start(argv: readonly string[]): Program;
  /** Sends HTTP requests from the container, one after another; `{KEY}` in a header is the component's key. */
  ask(asks: readonly AppAsk[]): Promise<AppAnswer[]>;
  /** A token of the arbiter for this component, or the refusal. */
  token(route: { target: string; path: string; method: string; caveats?: unknown[] }): Promise<AppAnswer>;
  address(): Promise<string>;
  gateway(): Promise<string>;
  /** Its network with full rights; the container’s own limits are not in the way. */
  network(): Promise<Vantage>;
  /** Gives its network a default route and version six, so that nothing is refused for want of them. */
  unleash(): Promise<Vantage>;
};

const app = ['/bin/node', '--disable-warning=ExperimentalWarning', '/app/main.ts'];

export function createInside(engine: Engine, name: string): Inside {
  const exec: Inside['exec'] = (argv, options) =>
    engine.docker(['exec', ...(options?.input === undefined ? [] : ['-i']), name, ...argv], options);
  const network = async () => {
    const netns = await engine.netns(name);
    return vantage((argv) => ['nsenter', `--net=${netns}`, '--', ...argv]);
  };
  const address = () =>
    engine.docker(['inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', name]);
  // Docker does not always tell the gateway of an internal network; it is the first address of the subnet.
  const gateway = async () => (await address()).replace(/\d+$/, '1');
  const ask: Inside['ask'] = async (asks) =>
    z.array(AppAnswer).parse(JSON.parse(await exec([...app, 'ask'], { input: JSON.stringify(asks) })));
  return {
    name,
    exec,
    ask,
    address,
    gateway,
    network,
    start: (argv) => startProgram(['docker', '-H', engine.host, 'exec', '-i', name, ...argv]),
    async token(route) {
      const headers = { 'x-api-key': '{KEY}', 'content-type': 'application/json' };
      const [answer] = await ask([
        { method: 'POST', url: 'https://arbiter:8080/token', headers, body: JSON.stringify(route) },
      ]);
      return answer ?? AppAnswer.parse({});
    },
    async unleash() {
      const within = await network();
      await within.run(['ip', 'route', 'replace', 'default', 'via', await gateway()]);
      await within.run(['sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=0', 'net.ipv6.conf.eth0.disable_ipv6=0']);
      await within.run(['ip', '-6', 'addr', 'replace', 'fd00:77::7/64', 'dev', 'eth0', 'nodad']);
      await within.run(['ip', '-6', 'route', 'replace', 'default', 'dev', 'eth0']);
      return within;
    },
  };
}

/** The argv that runs the probe app in a mode, for `start`. */
export const probeApp = (...args: string[]): string[] => [...app, ...args];
