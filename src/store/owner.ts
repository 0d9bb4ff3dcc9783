/** What the owner reads without a token: the process asks for them, no component can. */
import { Failure } from '../base/errors.ts';
import type { HypercatItem } from '../base/names.ts';
import { pathOfUrl } from '../base/paths.ts';
import { mediaTypeOf } from './content.ts';
import type { EndReason } from './events.ts';
import { parse } from './grammar.ts';
import { info, type OpenStore } from './open-store.ts';
import type { Format, Info, Operation, Read } from './operations.ts';
import { collect, type Source } from './reply.ts';

/** Largest reply that is held in memory. */
const limitBytes = 64 * 1024 * 1024;

/** What the ledger calls whoever asks without a token. */
export const ownerName = 'owner';

export async function ownersRead(store: OpenStore, url: string, accept: Format) {
  const { path, query } = pathOfUrl(url);
  if (query.size > 0) throw new Failure('path.invalid', 'an owner’s read has no query');
  const operation = parse({ method: 'GET', path, format: accept });
  if (isInfo(operation)) {
    const { type, body } = info(operation, store);
    return { type, body: Buffer.from(body) };
  }
  const question = operation as Read;
  const type = question.do === 'value' ? mediaTypeOf(question.format) : 'application/json';
  const body = await whole(store, question);
  store.accounts.read({ component: ownerName, path }, body.length);
  return { type, body };
}

/** For the box itself: it is no use of the owner's. */
export async function ownersCatalogue(store: Source): Promise<HypercatItem[]> {
  const body = await whole(store, { do: 'catalogue' });
  return (JSON.parse(body.toString()) as { items: HypercatItem[] }).items;
}

export type Watcher = {
  /** An event as JSON text: `{timestamp, path, format, data}`. False when no more can be taken. */
  tell(line: string): boolean;
  /** No more comes. */
  end(reason: EndReason): void;
};

/** Observes as no component: what is taken from one does not end it. */
export function ownersWatch({ observers, accounts }: OpenStore, url: string, watcher: Watcher): () => void {
  const { path, query } = pathOfUrl(url);
  if (query.size > 0) throw new Failure('path.invalid', 'a watch has no query');
  const remove = observers.add({
    ...{ component: '', mode: 'data', path, format: null },
    tell(text, event) {
      if (event.mode === 'data') {
        accounts.read({ component: ownerName, path: event.path }, Buffer.byteLength(event.json));
      }
      if (watcher.tell(text)) return;
      remove();
      watcher.end('slow');
    },
    end: (reason) => watcher.end(reason),
  });
  return remove;
}

async function whole(store: Source, question: Read): Promise<Buffer> {
  const body = await collect(store, question, limitBytes);
  if (body) return body;
  throw new Failure('body.too-large', 'the reply is too long to hold; ask for a shorter range', { limitBytes });
}

const isInfo = (operation: Operation): operation is Info =>
  ['hello', 'time', 'uptime', 'status'].includes(operation.do);
