/** Observation over HTTP: Server-Sent Events. */
import type { ServerResponse } from 'node:http';
import type { EndReason, Event } from './events.ts';
import type { Gap } from './marks.ts';

const heartbeatMs = 15_000;
/** Bytes that may wait for a reader; one that falls further behind is closed rather than kept in memory. */
const backlogBytes = 256 * 1024;
/** Time an ended stream has to take its last words. */
const farewellMs = 250;

export type EventStream = {
  /** False when the reader is too far behind to take it. */
  send(event: Event): boolean;
  /** Sends the reason and closes; what waits for a slow reader is dropped with the connection. */
  end(reason: EndReason): void;
};

export type StreamOptions = {
  /** The id of the last event so far; it goes along with each event and comment. */
  mark: () => string;
  /** What the reader missed since it was last here. */
  gap: Gap | undefined;
  /** The reader went away or the stream was ended. */
  onClose: () => void;
};

/** Turns a response into a stream of `data:` lines; comments between them show that the connection lives. */
export function openStream(res: ServerResponse, { mark, gap, onClose }: StreamOptions): EventStream {
  res.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    // A stream is never followed by another request: its end is the connection's.
    connection: 'close',
  });
  res.write(`: observing\nid: ${mark()}\n\n`);
  if (gap) res.write(`event: gap\ndata: ${JSON.stringify(gap)}\n\n`);
  const heartbeat = setInterval(() => res.write(`:\nid: ${mark()}\n\n`), heartbeatMs);
  res.once('close', () => {
    clearInterval(heartbeat);
    onClose();
  });
  return {
    send(event) {
      if (res.writableLength > backlogBytes) return false;
      return res.write(`id: ${mark()}\ndata: ${textOf(event)}\n\n`) || res.writableLength <= backlogBytes;
    },
    end(reason) {
      res.end(`event: end\ndata: ${JSON.stringify({ reason })}\n\n`);
      setTimeout(() => res.destroy(), farewellMs).unref();
    },
  };
}

/** One event as JSON text. */
export function textOf(event: Event): string {
  const { timestamp, path, format } = event;
  const told = JSON.stringify({ timestamp, path, format });
  if (event.mode === 'data') return `${told.slice(0, -1)},"data":${event.json}}`;
  const { component, method, status } = event;
  return JSON.stringify({ timestamp, component, method, path, format, status });
}
