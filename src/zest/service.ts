/** What a Zest door needs of whom it is the door of: the arbiter, or a store. Knows no wire. */
import type { Ip } from '../base/ipv4.ts';
import type { Method } from '../base/names.ts';
import type { Format } from './codec.ts';

export const modes = ['data', 'audit', 'notification'] as const;
export type Mode = (typeof modes)[number];

/** What a client asks. Nothing in it is checked: neither that the token is good nor that the path is canonical. */
export type Request = {
  /** The address that it came from. */
  caller: Ip;
  /** What the sender calls itself. */
  host: string;
  /** The access token; the key of a component, at the arbiter. */
  token: string;
  method: Method;
  path: string;
  /** null: a number that is none of the three. */
  format: Format | null;
  body: Buffer;
};

export type Answer = { did: 'created' | 'deleted' } | { did: 'content'; format: Format; body: Uint8Array | string };

/** `body` is what was posted, byte by byte. */
export type DataEvent = { mode: 'data'; timestamp: number; path: string; format: Format; body: Uint8Array | string };
/** `response`: the path with its first `request` replaced. */
export type NotificationEvent = Omit<DataEvent, 'mode'> & { mode: 'notification'; component: string; response: string };
export type AuditEvent = {
  mode: 'audit';
  timestamp: number;
  path: string;
  format: Format;
  method: Method;
  /** null: who it was is not known. */
  component: string | null;
  /** What the request is to observe. */
  observe?: Mode;
  /** As of HTTP. */
  status: number;
};
export type Event = DataEvent | NotificationEvent | AuditEvent;

/** `closed`: it goes on when the service is there again. `answered`: all was told. The others are told as the end. */
export type EndReason = 'closed' | 'answered' | 'expired' | 'revoked' | 'slow';

export type Observer = {
  /** Before whoever caused the event is answered. */
  tell(event: Event): void;
  end(reason: EndReason): void;
};

export type Observation = {
  component: string;
  /** The last moment of the permission, ms since the Unix epoch. */
  until?: number;
  stop(): void;
};

/** Each throws a Failure for whoever has no right, or asks for what there is not. */
export type Service = {
  ask: (request: Request) => Promise<Answer>;
  /** @param wanted.again  it was observed before, until this side was started anew: no news to anybody */
  observe: (request: Request, wanted: { mode: Mode; observer: Observer; again: boolean }) => Observation;
  /**
   * Waits for the answer of a function, which is told once, later; that, or its coming too late, is the end. Of a service that has
   * no functions it is absent.
   * @throws Failure `function.taken`
   */
  take?: (request: Request, waiter: Observer & { again: boolean }) => Observation;
  /** Calls when it is there again, before anybody can ask it: of a service that may be away. @returns what ends that */
  onReturn?: (act: () => void) => () => void;
};
