/** An HTTPS server that reads what it is sent, says that it was created, and stores nothing: the limit of any store here. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Tls } from '../../../src/base/listen.ts';

const server = createServer(JSON.parse(process.argv[2] ?? '') as Tls, (req, res) => {
  req.resume().on('end', () => res.writeHead(201, { 'content-length': 0 }).end());
});
// As long as a store does: its lines wait while the others are measured.
server.keepAliveTimeout = 65_000;
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })));
