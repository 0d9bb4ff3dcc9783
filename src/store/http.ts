/** http — a request at the REST door, and how that takes and answers what both doors do. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from '../base/http.ts';
import type { Exchange, Wire } from './exchange.ts';

// An interface, because a type cannot name itself here.
export interface HttpExchange extends Exchange<HttpExchange> {
  req: IncomingMessage;
  res: ServerResponse;
}

export const http: Wire<HttpExchange> = {
  body: ({ req, door }) => readBody(req, door.limitBytes),
  written({ res }, tag) {
    res.writeHead(201, { ...(tag !== null && { etag: tag }), 'content-length': 0 }).end();
    return 201;
  },
  erased({ res }) {
    res.writeHead(204).end();
    return 204;
  },
};
