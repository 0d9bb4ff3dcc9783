/** Observation over HTTP: Server-Sent Events. */
import type { ServerResponse } from 'node:http';
import type { EndReason } from './events.ts';
import type { Gap } from './marks.ts';

const heartbeatMs = 15_000;
/** Bytes that may wait for a reader; one that falls further behind is closed rather than kept in memory. */
const backlogBytes = 256 * 1024;
/** Time an ended stream has to take its last words; a slow reader has to take what waits first. */
const farewellMs = 250;
const slowFarewellMs = 1_000;

export type EventStream = {
  /** Sends an event once this turn's promises are settled, together with what else came for the reader. */
  send(text: string): void;
  /** Sends the reason and closes; what waits for a slow reader is dropped with the connection. */
  end(reason: EndReason): void;
};

export type StreamOptions = {
  /** The id of the last event so far; it goes along with each event and comment. */
  mark: () => string;
  /** What the reader missed since it was last here. */
  gap: Gap | undefined;
  /** The reader is too far behind to take more. */
  onSlow: () => void;
  /** The reader went away or the stream was ended. */
  onClose: () => void;
};

/** Turns a response into a stream of `data:` lines; comments between them show that the connection lives. */
export function openStream(res: ServerResponse, { mark, gap, onSlow, onClose }: StreamOptions): EventStream {
  res.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    // A stream is never followed by another request: its end is the connection's.
    connection: 'close',
  });
  // In one piece: who has read the new id would not be told again of what it missed before.
  res.write(`: observing\nid: ${mark()}\n${gap ? `event: gap\ndata: ${JSON.stringify(gap)}\n` : ''}\n`);
  const heartbeat = setInterval(() => res.write(`:\nid: ${mark()}\n\n`), heartbeatMs);
  res.once('close', () => {
    clearInterval(heartbeat);
    onClose();
  });
  let waiting = '';
  let isEnded = false;
  const flush = (): void => {
    const text = waiting;
    waiting = '';
    if (text !== '' && !isEnded && !res.write(text) && res.writableLength > backlogBytes) onSlow();
  };
  return {
    send(text) {
      // Writes that were committed together are told together: a piece of a stream costs far more than an event in it.
      if (waiting === '') queueMicrotask(flush);
      waiting += `id: ${mark()}\ndata: ${text}\n\n`;
    },
    end(reason) {
      isEnded = true;
      res.end(`${waiting}event: end\ndata: ${JSON.stringify({ reason })}\n\n`);
      setTimeout(() => res.destroy(), reason === 'slow' ? slowFarewellMs : farewellMs).unref();
    },
  };
}
