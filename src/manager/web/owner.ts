import { hostname } from 'node:os';
import { listen } from '../../base/listen.ts';
import { clearHandler } from './clear.ts';
import { sayOnConsole } from './console.ts';
import { ownerDoor } from './door.ts';
import { openPassword } from './password.ts';
import { createSessions } from './sessions.ts';
import { createThrottle } from './throttle.ts';
import type { OwnerOptions } from './types.ts';

export type Owner = AsyncDisposable & {
  /** The ports listened on, also when the configuration asked for free ones. */
  readonly httpsPort: number;
  readonly httpPort: number;
};

/**
 * The owner's doors: HTTPS with pages, API and proxy, and HTTP with the box's certificate and nothing else.
 * @throws Failure `config.invalid` (password file); the system's EADDRINUSE or EADDRNOTAVAIL
 */
export async function startOwner(options: OwnerOptions): Promise<Owner> {
  const { manager, config, log, announce = sayOnConsole(process.stdout) } = options;
  await using up = new AsyncDisposableStack();
  const password = await openPassword({ config, dir: config['state.dir'], announce });
  const sessions = up.use(createSessions());
  const door = ownerDoor({ ...options, password, sessions, throttle: createThrottle() });
  const address = config['owner.address'];
  const tls = manager.authority.ownerTls();
  const https = up.use(await listen({ address, port: config['owner.https-port'], handler: door.handler, tls }));
  // An upload to a component may take its time; who has no session is answered before the body is read.
  https.server.requestTimeout = 15 * 60_000;
  https.server.on('upgrade', door.onUpgrade);
  up.defer(manager.authority.onOwnerRenewed((renewed) => https.renew(renewed)));
  const clear = clearHandler({ config, authority: manager.authority, httpsPort: https.port });
  const http = up.use(await listen({ address, port: config['owner.http-port'], handler: clear }));
  log.info({ address, https: https.port, http: http.port, name: hostname() }, 'owner’s pages open');
  const way = up.move();
  return { httpsPort: https.port, httpPort: http.port, [Symbol.asyncDispose]: () => way.disposeAsync() };
}
