import { createPace, type PaceOptions } from '../base/excess.ts';
import type { Ip } from '../base/ipv4.ts';
import type { Handler } from '../base/listen.ts';
import type { Log } from '../base/log.ts';
import type { OnRefused } from '../base/refusals.ts';
import { agreements } from './agreements.ts';
import { rootCatalogue, type Catalogue } from './catalogue.ts';
import type { Caveat } from './caveats.ts';
import { checks, type TokenUse, type Verified } from './checks.ts';
import type { Door, Grant, MintRequest, Route } from './judge.ts';
import { openRegistry, type ComponentType, type Registration } from './registry.ts';
import { routes } from './routes.ts';
import { createWire, type Wire, type WireOptions } from './wire.ts';

export type Arbiter = Disposable & {
  /**
   * Makes a component known, or known anew: its grants, its key and its secret as a target are replaced, so that every
   * token of it and for it is dead. It moves to the end of the catalogue. Whoever had `address` loses it.
   * @throws Failure `body.invalid` for a name that is no host name, an empty key or a malformed address
   */
  register(component: Registration): void;
  /** The component now calls from here, and only from here. Whoever had the address loses it. @throws Failure `component.unknown` */
  locate(name: string, address: Ip): void;
  /** Its grants, its key and its tokens are dead at once and for good. An unknown name is no error. */
  remove(name: string): void;
  /**
   * Permits a route; equal route and caveats again return the grant that exists.
   * @throws Failure `component.unknown`, `path.invalid`, `body.invalid` for a caveat that nobody would enforce
   */
  grant(name: string, route: Route, caveats: readonly Caveat[]): Grant;
  /** Withdraws the grants on exactly this route (with exactly these caveats, where given) and returns them. */
  revoke(name: string, route: Route, caveats?: readonly Caveat[]): Grant[];
  /** Oldest first; of one component, or of all. */
  grants(name?: string): Grant[];
  /** Oldest registration first. */
  components(): { name: string; type: ComponentType; address?: Ip }[];
  /**
   * The component that holds this key and calls from its own address.
   * @param host  what it calls itself: says which of several it is that have the same key at the same address
   * @throws Failure `key.invalid` otherwise, and `rate.exceeded` after many wrong keys from one address
   */
  readonly authenticate: (key: string, caller: Ip, host?: string) => string;
  /**
   * A signed token for a route (which may end in `*`) inside a grant with exactly these caveats.
   * @throws Failure `permission.refused`, `path.invalid`, `body.invalid`, `rate.exceeded` with `retryAfterSeconds`
   */
  readonly mint: (name: string, request: MintRequest, door: Door) => string;
  /**
   * Who may do this with this token.
   * @throws Failure `token.missing`, `token.invalid` (forged, expired, revoked, from another address), `token.forbidden`
   *   (valid, but not for this; details `{ component }`), `path.invalid`
   */
  readonly verify: (token: string, use: TokenUse) => Verified;
  /** Hypercat: one item per component, `tcp://<name>:5555`. */
  catalogue(): Catalogue;
  /** What is wrong with its file, as sentences for the owner. */
  problems(): string[];
  /** REST, to be served at `https://arbiter:8080`. */
  handler: Handler;
  /** The same for a door that speaks no HTTP. */
  wire: (options?: WireOptions) => Wire;
};

export type ArbiterOptions = {
  /** SQLite file, or `:memory:`. */
  file: string;
  log: Log;
  /** False only where nothing is enforced (`databox dev`): keys and tokens then work from anywhere. */
  checkAddress: boolean;
  /** How many requests one component may make. Default: any number. */
  pace?: PaceOptions;
  /** Is told whom its door refused; absent: nobody is. */
  onRefused?: OnRefused;
  /** ms since the Unix epoch. */
  now?: () => number;
};

/**
 * The arbiter: who exists, who may do what, and the tokens that say so.
 * @throws Failure `database.damaged`, `database.newer`
 */
export function createArbiter({ file, log, checkAddress, pace, onRefused, now = Date.now }: ArbiterOptions): Arbiter {
  const registry = openRegistry(file, log);
  const { authenticate, mint, verify } = checks({ book: registry.book, excess: pace?.book, log, checkAddress, now });
  const catalogue = (): Catalogue => rootCatalogue([...registry.book().components.keys()]);
  const components = agreements(registry);
  const paced = { pace: createPace(pace), onRefused };
  return {
    ...components,
    problems: registry.problems,
    authenticate,
    mint,
    verify,
    catalogue,
    handler: routes({
      ...{ authenticate, catalogue, log, ...paced },
      mint: (name, request) => mint(name, request, 'rest'),
    }),
    wire: (wired = {}) => createWire({ ...components, authenticate, mint, catalogue, ...paced }, wired),
    [Symbol.dispose]: () => registry[Symbol.dispose](),
  };
}
