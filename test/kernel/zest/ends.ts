/** ends — what the agent of a namespace does with Zest: a gate in the box, a raw client anywhere. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnections } from '../../../src/base/connections.ts';
import { createLog } from '../../../src/base/log.ts';
import { openBook, startGate, type Gate } from '../../../src/zest/index.ts';
import { askToObserve, connect, listen, wellKnown, type Call, type Identity, type Place } from '../../unit/zest/raw.ts';
import { createTarget } from '../../unit/zest/target.ts';

const seen: string[] = [];
const heard = new Map<string, string[]>();

export const zestMethods = {
  /** Serves a target at an address to those who have a name; the answer to `/who` is the caller's address. */
  openGate: async ({ address, names }: { address: string; names: [address: string, component: string][] }) => {
    const { service } = createTarget();
    const dir = mkdtempSync(join(tmpdir(), 'dbx-gate-'));
    process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
    const known = new Map(names);
    const gate: Gate = await startGate({
      ...{ target: 'store', address, secretKey: wellKnown.secretKey, page: openBook(':memory:').of('store'), dir },
      ...{ log: createLog('silent'), connections: createConnections(100), onRefused: () => {} },
      nameOf(caller) {
        seen.push(caller);
        return known.get(caller);
      },
      service: {
        ...service,
        ask: async (request) =>
          request.path === '/who'
            ? { did: 'content', format: 'text', body: request.caller }
            : await service.ask(request),
      },
    });
    return { port: gate.port, pushPort: gate.pushPort };
  },
  /** Addresses that connections came from, since the last call. */
  callers: () => seen.splice(0),
  /** `null`: no answer within the time. */
  ask: async ({ place, request, call, timeoutMs = 20_000 }: Asking) => {
    using client = connect(place);
    client.socket.receiveTimeout = timeoutMs;
    try {
      const { code, payload } = await client.ask(request, call);
      return { code, payload };
    } catch {
      return null;
    }
  },
  observe: ({ place, path }: { place: Place; path: string }) => askToObserve(place, path),
  /** Listens under an identity until the end of the agent. */
  hear: ({ place, told }: { place: Place; told: Identity }) => {
    const lines: string[] = [];
    heard.set(told.identity, lines);
    const { next, socket } = listen(place, told);
    socket.receiveTimeout = -1;
    const loop = async (): Promise<void> => {
      for (;;) lines.push((await next()).payload);
    };
    loop().catch((err: unknown) => lines.push(String(err)));
  },
  heard: (identity: string) => heard.get(identity) ?? [],
} as const;

type Asking = { place: Place; request: string; call?: Call; timeoutMs?: number };
