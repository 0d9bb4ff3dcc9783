/**
 * A door into a network namespace: an HTTP CONNECT proxy on a Unix socket. Path sockets do not belong to a network, so
 * the test process reaches any address of any room without a route of its own; and hands datagrams of port 53 on to
 * `net`, as the resolver on a machine's loopback does.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import { connect } from 'node:net';

const [, , door = '', upstream] = process.argv;

createServer()
  .on('connect', (req, client, head) => {
    const { hostname, port } = new URL(`tcp://${req.url}`);
    const server = connect({ host: hostname, port: Number(port), noDelay: true }, () => {
      client.write('HTTP/1.1 200 Connected\r\n\r\n');
      server.write(head);
      server.pipe(client).pipe(server);
    });
    // What it said last may not have been read yet: an end is handed on behind it, only a reset overtakes.
    // What the caller still sends is for nobody, and is read: unread, it would keep the caller's side open.
    server.on('error', () => client.destroy()).on('close', () => client.end().resume());
    const end = () => server.destroy();
    client.on('error', end).on('close', end);
  })
  .listen(door, () => console.log('ready'));

if (upstream) {
  const door53 = createSocket('udp4').bind(53, '127.0.0.1');
  door53.on('message', (asked, { address, port }) => {
    const onward = createSocket('udp4');
    const forget = setTimeout(() => onward.close(), 5_000);
    onward.on('close', () => clearTimeout(forget)).on('error', () => onward.close());
    onward.on('message', (said) => {
      door53.send(said, port, address);
      onward.close();
    });
    onward.send(asked, 53, upstream);
  });
}
process.stdin.on('end', () => process.exit(0)).resume();
