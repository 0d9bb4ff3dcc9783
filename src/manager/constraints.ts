/** constraints — the X.509 name constraints extension (RFC 5280 §4.2.1.10), which our X.509 library lacks. */
import { Extension } from '@peculiar/x509';
import ipaddr from 'ipaddr.js';

const sequence = 0x30;
const permitted = 0xa0;
const dnsName = 0x82;
const ipAddress = 0x87;

/**
 * A critical extension that permits these names (and names below them) and address blocks, and nothing else of either
 * kind.
 * @param blocks `192.168.0.0/16`, `fc00::/7`
 */
export function nameConstraints({ dns, blocks }: { dns: readonly string[]; blocks: readonly string[] }): Extension {
  const subtrees = [
    ...dns.map((name) => der(dnsName, Buffer.from(name, 'ascii'))),
    ...blocks.map((block) => der(ipAddress, addressAndMask(block))),
  ].map((base) => der(sequence, base));
  return new Extension('2.5.29.30', true, new Uint8Array(der(sequence, der(permitted, Buffer.concat(subtrees)))));
}

function addressAndMask(block: string): Buffer {
  const [address, bits] = ipaddr.parseCIDR(block);
  const bytes = address.toByteArray();
  const mask = bytes.map((_, at) => (0xff00 >> Math.max(0, Math.min(8, bits - 8 * at))) & 0xff);
  return Buffer.from([...bytes, ...mask]);
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
